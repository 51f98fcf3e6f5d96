import {SallyportError} from '../../base/error.js';
import {pemToDer} from '../../wire/asn1/pem.js';
import type {CmsProvider} from '../smime/cms-provider.js';
import {openCmsProvider} from '../smime/open-cms-provider.js';
import type {AuditLog} from './alerts/audit-log.js';
import type {Identity} from './databases/key-store.js';
import {ownIdentities} from './databases/own-identities.js';
import {StateDatabase} from './databases/state-database.js';
import type {LedgerStore} from './ledger/ledger-store.js';
import {openLedgerStore} from './ledger/open-ledger-store.js';
import type {Policy} from './policy/policy.js';
import type {ToolboxOptions} from './policy/toolbox-options.js';
import type {SteadyTime} from './steady-time.js';

export function readAnchors({trustAnchors}: ToolboxOptions): readonly Uint8Array[] {
	return trustAnchors.flatMap((pem) => {
		const blocks = pemToDer(pem);
		if (!blocks.ok) {
			throw new SallyportError('BAD_OPTIONS', `Expected certificates in \`trustAnchors\`: ${blocks.failure.message}`);
		}

		return blocks.value;
	});
}

export function firstCertificate(pem: string): Uint8Array {
	const blocks = pemToDer(pem);
	const [certificate] = blocks.ok ? blocks.value : [];
	if (certificate === undefined) {
		throw new SallyportError('BAD_OPTIONS', 'Expected a certificate in PEM for each of `identities`.');
	}

	return certificate;
}

export function openDatabase(directory: string, audit: AuditLog): StateDatabase {
	try {
		return StateDatabase.open(directory);
	} catch (error) {
		audit.close();
		throw error;
	}
}

/** Closes what is open where there are none. */
export async function identitiesOf(
	options: ToolboxOptions,
	database: StateDatabase,
	audit: AuditLog,
): Promise<readonly Identity[]> {
	try {
		const identities = ownIdentities(options, database);
		await database.flush();
		return identities;
	} catch (error) {
		audit.close();
		await database.close();
		throw error;
	}
}

export async function openCms(
	{cmsProvider = 'auto'}: ToolboxOptions,
	identities: readonly Identity[],
	database: StateDatabase,
	audit: AuditLog,
): Promise<CmsProvider> {
	const keys = identities.map(({certificate, privateKey}) => ({
		certificatePem: certificate,
		privateKeyPem: privateKey,
	}));
	try {
		return (await openCmsProvider({keys, provider: cmsProvider})).provider;
	} catch (error) {
		audit.close();
		await database.close();
		throw error;
	}
}

/** Rejects with `NOT_CAPABLE` for what a peer's rules ask for and the provider cannot do: now, and not in a call. */
export async function requireCapabilities(
	policy: Policy,
	cms: CmsProvider,
	database: StateDatabase,
	audit: AuditLog,
): Promise<void> {
	const {ciphers, legacy} = cms.capabilities;
	for (const peer of policy.peers) {
		const missing = ciphers.includes(peer.cipher) ? peer.legacy.find((word) => !legacy.includes(word)) : peer.cipher;
		if (missing !== undefined) {
			audit.close();
			await cms.close();
			await database.close();
			throw new SallyportError(
				'NOT_CAPABLE',
				`Expected rules for the peer ${peer.name} that the provider ${cms.name} on this Node can follow, got ${missing}.`,
			);
		}
	}
}

export async function openStore(
	options: ToolboxOptions,
	time: SteadyTime,
	cms: CmsProvider,
	audit: AuditLog,
	database: StateDatabase,
): Promise<LedgerStore> {
	try {
		return await openLedgerStore(options, time.nowMs());
	} catch (error) {
		await cms.close();
		await database.close();
		audit.close();
		throw error;
	}
}
