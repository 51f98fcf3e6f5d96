/** Octets of a message that we read: what a UDP datagram can hold. */
export const maxMessageOctets = 65_536;
/** Header lines of a message. */
export const maxHeaders = 256;
/** Characters of one header after unfolding, and of the start line. */
export const maxLineLength = 8192;
