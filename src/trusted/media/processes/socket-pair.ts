import {coded} from '../srtp/master-key.js';
import {nativeDomains} from './native-domains.js';

/**
 * Two connected AF_UNIX sockets that nobody else can reach, as descriptors that the caller owns: `stream` for a link, `records`
 * for a private channel. Throws `SallyportError` DOMAIN_LINK_FAILED.
 */
export function createSocketPair(kind: 'stream' | 'records'): readonly [number, number] {
	return coded(() => nativeDomains().createSocketPair(kind === 'records'));
}

export function closeDescriptor(descriptor: number): void {
	nativeDomains().closeDescriptor(descriptor);
}
