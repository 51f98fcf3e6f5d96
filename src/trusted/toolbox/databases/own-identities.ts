import {SallyportError} from '../../../base/error.js';
import type {ToolboxOptions} from '../policy/toolbox-options.js';
import {certificateFingerprint, type Identity} from './key-store.js';
import type {StateDatabase} from './state-database.js';
import {StorageKey} from './storage-key.js';

/**
 * Our identities: those of the options, and where there is a storage key those that the database keeps. The former are then kept as
 * well, so that their files may go. Throws `SallyportError`: NO_IDENTITY, or as `StorageKey` does.
 */
export function ownIdentities({identities, storageKey}: ToolboxOptions, {keys}: StateDatabase): readonly Identity[] {
	if (storageKey === undefined) {
		return demandAny(identities);
	}

	const key = StorageKey.read(storageKey);
	try {
		const kept = keys.read(key);
		keys.keep(identities, key);
		const given = new Set(identities.map(({certificate}) => certificateFingerprint(certificate)));
		return demandAny([
			...identities,
			...kept.filter(({certificate}) => !given.has(certificateFingerprint(certificate))),
		]);
	} finally {
		key.destroy();
	}
}

function demandAny(identities: readonly Identity[]): readonly Identity[] {
	if (identities.length === 0) {
		throw new SallyportError(
			'NO_IDENTITY',
			'Expected an identity in the options or in the database of keys, got none.',
		);
	}

	return identities;
}
