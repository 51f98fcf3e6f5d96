import {coded} from '../srtp/master-key.js';
import {nativeDomains} from './native-domains.js';

/**
 * Two connected AF_UNIX sockets that nobody else can reach, as descriptors that the caller owns: `stream` for a link, `records`
 * for a private channel. Throws `SallyportError` DOMAIN_LINK_FAILED.
 */
export function createSocketPair(kind: 'stream' | 'records'): readonly [number, number] {
	return coded(() => nativeDomains().createSocketPair(kind === 'records'));
}

/** A listening AF_UNIX socket at a path, for its owner alone. Throws `SallyportError` DOMAIN_LINK_FAILED. */
export function listenAtPath(path: string): number {
	return coded(() => nativeDomains().listenAtPath(path));
}

export function closeDescriptor(descriptor: number): void {
	nativeDomains().closeDescriptor(descriptor);
}
