/**
 * A way for plain messages between two domains: a `MessagePort` as it is, or a socket between processes. What comes over
 * one is a stranger's until it has been checked. After the end `postMessage` and `close` do nothing.
 */
export interface Link {
	/** Throws `SallyportError` MESSAGE_TOO_LONG where the other side would not take it. */
	postMessage(message: object): void;
	on(event: 'message', listener: (message: unknown) => void): unknown;
	on(event: 'close', listener: () => void): unknown;
	close(): void;
}
