/** Milliseconds of a duration as FIS takes it, such as `PT10M`; undefined for another text. */
export function durationMs(text: string | undefined): number | undefined {
  const [, hours, minutes, seconds] = /^PT(?:(\d{1,2})H)?(?:(\d{1,4})M)?(?:(\d{1,5})S)?$/.exec(text ?? '') ?? [];
  if (hours === undefined && minutes === undefined && seconds === undefined) return undefined;
  return (Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0)) * 1000;
}
