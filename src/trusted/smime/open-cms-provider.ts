import {getCiphers, getCurves} from 'node:crypto';
import {SallyportError} from '../../base/error.js';
import type {CmsProvider} from './cms-provider.js';
import {OpenSslCmsProvider} from './openssl-cms-provider.js';
import type {PemKeyPair} from './pem-key-pair.js';
import type {PrivateKeyOperations} from './private-key-operations.js';
import {SoftwarePrivateKeys} from './software-private-keys.js';

export type CmsProviderOptions = {
	/** Our own keys, to sign and to decrypt with. */
	readonly keys: readonly PemKeyPair[];
	/** `auto` takes `openssl` where this Node has all that it needs, and `forge` elsewhere. @default 'auto' */
	readonly provider?: 'openssl' | 'forge' | 'auto';
	/** Threads of `openssl`. @default one less than there are cores, at least one */
	readonly workers?: number;
	/** Jobs that may wait for a thread. @default 1024 */
	readonly maxQueuedJobs?: number;
};

export type OpenCmsProvider = {
	readonly provider: CmsProvider;
	/** The keys behind it; closed with the provider. */
	readonly privateKeys: PrivateKeyOperations;
	/** Why this provider: for the log at start. */
	readonly reason: string;
};

/**
 * Reads the keys and opens a provider over them. Rejects with `SallyportError`: `NOT_CAPABLE` where the provider cannot
 * work on this Node or with these keys, and what `SoftwarePrivateKeys.fromPem` throws.
 */
export async function openCmsProvider(options: CmsProviderOptions): Promise<OpenCmsProvider> {
	const wish = options.provider ?? 'auto';
	const missing = missingInNode();
	if (wish === 'openssl' && missing !== undefined) {
		throw new SallyportError('NOT_CAPABLE', `Expected a Node with ${missing} for the provider "openssl".`);
	}
	if (wish === 'forge' || missing !== undefined) {
		// Loaded only where it is wanted: it takes a while.
		const {ForgeCmsProvider} = await import('./forge-cms-provider.js');
		const {ForgePrivateKeys} = await import('./forge-private-keys.js');
		const privateKeys = ForgePrivateKeys.fromPem(options.keys);
		const reason = wish === 'forge' ? 'asked for' : `this Node lacks ${missing}`;
		return {provider: new ForgeCmsProvider({privateKeys}), privateKeys, reason};
	}

	const {workers, maxQueuedJobs} = options;
	const privateKeys = SoftwarePrivateKeys.fromPem(options.keys, {
		...(workers !== undefined && {workers}),
		...(maxQueuedJobs !== undefined && {maxQueuedJobs}),
	});
	const provider = new OpenSslCmsProvider({privateKeys, pool: privateKeys.pool});
	return {provider, privateKeys, reason: wish === 'openssl' ? 'asked for' : 'this Node has all that it needs'};
}

/** The first thing that `openssl` needs and this Node has not. */
function missingInNode(): string | undefined {
	const ciphers = new Set(getCiphers());
	const curves = new Set(getCurves());
	return (
		['aes-128-gcm', 'aes-256-gcm', 'aes-128-cbc', 'id-aes128-wrap', 'id-aes256-wrap'].find((c) => !ciphers.has(c)) ??
		['prime256v1', 'secp384r1', 'secp521r1'].find((curve) => !curves.has(curve))
	);
}
