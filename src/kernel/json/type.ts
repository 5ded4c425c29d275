/** No type that is taken is nearly as long. */
const longestType = 255;
const jsonType = /^application\/(?:[\w.!#$&^-]+\+)?json$/;
const utf8 = ['utf-8', '"utf-8"', 'utf8', '"utf8"'];

/** Whether a `Content-Type` is `application/json` or another type written in JSON, with no parameter but `charset=utf-8`. */
export function isJsonType(text: string): boolean {
  if (text.length > longestType) return false;
  const [type, ...parameters] = text
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  return (
    jsonType.test(type) &&
    parameters.length <= 2 &&
    parameters.every((parameter, index) => {
      const [name, value, ...more] = parameter.split('=').map((part) => part.trim());
      return name === 'charset' ? index === 0 && more.length === 0 && utf8.includes(value ?? '') : parameter === '';
    })
  );
}
