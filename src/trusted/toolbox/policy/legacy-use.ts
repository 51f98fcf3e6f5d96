import type {CmsPermissions, LegacyAlgorithm} from '../../smime/cms-provider.js';
import type {Peer, Policy} from './policy.js';

/**
 * What of the choices of old peers the opening of one message may take, and took. Who sent it is known only afterwards: so
 * what any peer that it may be from is allowed is taken at first, and held against the rules of whoever signed.
 */
export class LegacyUse {
	readonly permissions: CmsPermissions;
	readonly #used = new Set<LegacyAlgorithm>();

	/** @param claimed The peer that the message claims to be from. */
	constructor(claimed: Peer, {certifiedLegacy}: Pick<Policy, 'certifiedLegacy'>) {
		this.permissions = {legacy: [...new Set([...claimed.legacy, ...certifiedLegacy])]};
	}

	note(algorithms: readonly LegacyAlgorithm[]): void {
		for (const algorithm of algorithms) {
			this.#used.add(algorithm);
		}
	}

	/** The first that was taken and that the rules of `peer` do not allow. */
	refusedBy(peer: Peer): LegacyAlgorithm | undefined {
		return [...this.#used].find((algorithm) => !peer.legacy.includes(algorithm));
	}
}
