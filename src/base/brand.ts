declare const brand: unique symbol;

/** A type that only its own parser can make, so that an unchecked value does not pass for a checked one. */
export type Brand<Base, Name extends string> = Base & {readonly [brand]: Name};
