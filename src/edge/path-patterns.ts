/** Whether there is a path that both of CloudFront's path patterns match: `*` stands for any text, `?` for one character. */
export function mayMeet(one: string, other: string): boolean {
  if (one === '' && other === '') return true;
  if (one.startsWith('*')) return mayMeet(one.slice(1), other) || (other !== '' && mayMeet(one, other.slice(1)));
  if (other.startsWith('*')) return mayMeet(other, one);
  if (one === '' || other === '') return false;
  return (one[0] === other[0] || one[0] === '?' || other[0] === '?') && mayMeet(one.slice(1), other.slice(1));
}

/** A pattern as CloudFront reads it: the slash in front may be left out. */
export function rooted(pattern: string): string {
  return pattern.startsWith('/') || pattern.startsWith('*') ? pattern : `/${pattern}`;
}
