import {type Hardening, nativeDomains} from './native-domains.js';

/**
 * Keeps the memory of this process from others of its user and from core dumps. The system forgets it with every exec: first
 * thing in a process.
 */
export function hardenProcess(): Hardening {
	return nativeDomains().hardenProcess();
}

/** Octets in pages that hold keys and nothing else, and how many of them are locked. */
export function secretMemory(): {readonly octets: number; readonly lockedOctets: number} {
	return nativeDomains().secretMemory();
}
