import {join} from 'node:path';
import {SallyportError} from '../../base/error.js';
import {pemToDer} from '../../wire/asn1/pem.js';
import type {CertificateValidator} from '../certificates/certificate-validator.js';
import {NativeCertificateValidator} from '../certificates/native-certificate-validator.js';
import {readCertificate} from '../smime/certificate.js';
import type {CmsProvider} from '../smime/cms-provider.js';
import {openCmsProvider} from '../smime/open-cms-provider.js';
import {AuditLog} from './alerts/audit-log.js';
import type {Identity} from './databases/key-store.js';
import {ownIdentities} from './databases/own-identities.js';
import {StateDatabase} from './databases/state-database.js';
import type {LedgerStore} from './ledger/ledger-store.js';
import {openLedgerStore} from './ledger/open-ledger-store.js';
import type {Policy} from './policy/policy.js';
import type {ToolboxOptions} from './policy/toolbox-options.js';
import type {SteadyTime} from './steady-time.js';

function readAnchors({trustAnchors}: ToolboxOptions): readonly Uint8Array[] {
	return trustAnchors.flatMap((pem) => {
		const blocks = pemToDer(pem);
		if (!blocks.ok) {
			throw new SallyportError('BAD_OPTIONS', `Expected certificates in \`trustAnchors\`: ${blocks.failure.message}`);
		}

		return blocks.value;
	});
}

/** A validator by the anchors and certificate rules of the options. Throws `SallyportError` BAD_OPTIONS. */
export function openValidator(options: ToolboxOptions): CertificateValidator {
	const {clockSkewSeconds = 60, revocationLists = [], ...rules} = options.certificates ?? {};
	const lists = revocationLists.flatMap((pem) => {
		const blocks = pemToDer(pem, 'X509 CRL');
		if (!blocks.ok || blocks.value.length === 0) {
			throw new SallyportError('BAD_OPTIONS', 'Expected revocation lists in PEM in `certificates.revocationLists`.');
		}

		return blocks.value;
	});
	try {
		const anchors = readAnchors(options);
		return new NativeCertificateValidator({...rules, anchors, revocationLists: lists, clockSkewSeconds});
	} catch (error) {
		throw error instanceof RangeError ? new SallyportError('BAD_OPTIONS', error.message) : error;
	}
}

export function firstCertificate(pem: string): Uint8Array {
	const blocks = pemToDer(pem);
	const [certificate] = blocks.ok ? blocks.value : [];
	if (certificate === undefined) {
		throw new SallyportError('BAD_OPTIONS', 'Expected a certificate in PEM for each of `identities`.');
	}

	return certificate;
}

/** What a toolbox holds open: its files, its keys, its ledger. Whoever has them closes them. */
export type ToolboxResources = {
	readonly audit: AuditLog;
	readonly database: StateDatabase;
	readonly identities: readonly Identity[];
	readonly cms: CmsProvider;
	readonly store: LedgerStore;
};

/** Parts that a caller gives in place of those of the options. */
export type GivenResources = {readonly cms?: CmsProvider; readonly sharedLedger?: LedgerStore};

/** Opens all that can be refused. Where one is, what was opened before it is closed again, the last one first. */
export async function openResources(
	options: ToolboxOptions,
	given: GivenResources,
	policy: Policy,
	time: SteadyTime,
): Promise<ToolboxResources> {
	const opened: {close(): unknown}[] = [];
	const keep = <Part extends {close(): unknown}>(part: Part): Part => {
		opened.push(part);
		return part;
	};
	try {
		const file = join(options.directory, 'audit.log');
		const audit = keep(new AuditLog(file, {...options.audit, wallMs: () => time.nowMs()}));
		const database = keep(StateDatabase.open(options.directory));
		const identities = ownIdentities(options, database);
		await database.flush();
		const cms = keep(given.cms ?? (await openCms(options, identities)));
		requireCapabilities({policy, calls: options.calls}, cms);
		const store = given.sharedLedger ?? (await openLedgerStore(options, time.nowMs()));
		return {audit, database, identities, cms, store};
	} catch (error) {
		for (const part of opened.reverse()) {
			await part.close();
		}

		throw error;
	}
}

async function openCms({cmsProvider = 'auto'}: ToolboxOptions, identities: readonly Identity[]): Promise<CmsProvider> {
	const keys = identities.map(({certificate, privateKey}) => ({
		certificatePem: certificate,
		privateKeyPem: privateKey,
	}));
	return (await openCmsProvider({keys, provider: cmsProvider})).provider;
}

/** Throws `SallyportError` NOT_CAPABLE for what the rules ask for and the provider cannot do: now, and not in a call. */
function requireCapabilities(rules: Rules, cms: CmsProvider): void {
	const missing = missingCapability(rules, cms);
	if (missing !== undefined) {
		throw new SallyportError(
			'NOT_CAPABLE',
			`Expected rules that the provider ${cms.name} on this Node can follow, got ${missing}.`,
		);
	}
}

type Rules = {readonly policy: Policy; readonly calls: ToolboxOptions['calls']};

/** The first thing that a peer's or a call's rules ask for and the provider has not, and for whom. */
function missingCapability({policy, calls = []}: Rules, {capabilities}: CmsProvider): string | undefined {
	const {ciphers, legacy, recipientAlgorithms} = capabilities;
	for (const {name, cipher, otherCiphers, legacy: old, recipient} of policy.peers) {
		const kind = recipient && recipientAlgorithm(recipient);
		const missing =
			[cipher, ...otherCiphers].find((wanted) => !ciphers.includes(wanted)) ??
			old.find((word) => !legacy.includes(word)) ??
			(kind === undefined || recipientAlgorithms.some((known) => known === kind) ? undefined : `a key of ${kind}`);
		if (missing !== undefined) {
			return `${missing} for the peer ${name}`;
		}
	}

	const rule = calls.find(({cipher}) => cipher !== undefined && !ciphers.includes(cipher));
	return rule && `${rule.cipher} for the call rule ${rule.name}`;
}

/** What it takes to seal for a certificate; undefined where its key only signs, or is none that we know. */
function recipientAlgorithm(der: Uint8Array): string | undefined {
	const certificate = readCertificate(der);
	const kind = certificate.ok ? certificate.value.publicKey?.kind : undefined;
	return kind === 'rsa' ? 'rsa-oaep' : kind === 'ed25519' ? undefined : kind;
}
