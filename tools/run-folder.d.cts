/** Gives this process and its children a temporary folder for as long as this process lives, unless a launcher has given one already. */
export function holdRunFolder(): void;
