import {createHash, X509Certificate} from 'node:crypto';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {type CmsProvider, openCmsProvider} from '../../../trusted/smime/index.js';
import {type PeerRules, Toolbox} from '../../../trusted/toolbox/index.js';
import type {Denial, Release} from '../../../trusted/toolbox/protocol.js';
import {entityOf, parseMimeEntity, writeMimeEntity} from '../../../wire/mime/entity.js';
import {readSignedEntity, smimeKind} from '../../../wire/mime/smime-entity.js';
import type {SipRequest} from '../../../wire/sip/message.js';
import {parseSipMessage} from '../../../wire/sip/parse-message.js';
import {
	allOf,
	defineFormat,
	expectValue,
	failed,
	readCaseFile,
	skipped,
	type VectorContent,
	type VectorFormat,
	type Verdict,
} from '../format.js';
import {mustEndAs, reasonsFor} from './expected-reasons.js';

const requestCase = z.object({
	file: z.string(),
	expect: z.string(),
	why: z.string(),
	signer: z.string().optional(),
	innerSdpSha256: z.string().optional(),
	now: z.iso.datetime().optional(),
});
type RequestCase = z.infer<typeof requestCase>;

/**
 * INVITEs with S/MIME bodies of several producers, each through a toolbox as a gateway has it: the gateway's keys and the
 * trust anchor lie beside the file in `pki`. A case with a time of its own is about headers inside and outside, and gets
 * rules that ask for them; the others have none inside.
 */
export const sealedRequestFormat: VectorFormat = {
	family: 'sipsmime',
	schema: 'sip-smime/1',
	async *check(document) {
		const nowMs = Date.parse(String((document.content as VectorContent & {readonly now?: unknown}).now));
		let setting: Promise<Omit<Setting, 'nowMs'>> | undefined;
		const format = defineFormat<RequestCase>({
			family: 'sipsmime',
			schema: 'sip-smime/1',
			caseSchema: requestCase,
			idOf: ({file}) => file,
			tryCase: async (vector, folder) => {
				setting ??= readSetting(folder);
				return tryRequest(vector, await setting, nowMs);
			},
		});
		try {
			yield* format.check(document);
		} finally {
			// Where there are no keys each case has failed with that.
			await setting?.then(
				({cms}) => cms.close(),
				() => {},
			);
		}
	},
};

async function tryRequest(vector: RequestCase, shared: Omit<Setting, 'nowMs'>, fileNowMs: number): Promise<Verdict> {
	const nowMs = vector.now === undefined ? fileNowMs : Date.parse(vector.now);
	if (!Number.isFinite(nowMs)) {
		return failed('Expected a `now` to judge certificates by, got none.');
	}

	const parsed = parseSipMessage(await readCaseFile(shared.folder, vector.file));
	if (!parsed.ok || parsed.value.kind !== 'request') {
		return failed('Expected a SIP request, got something else.');
	}

	const setting = {...shared, nowMs};
	const rules: PeerRules = {binding: vector.now === undefined ? 'none' : 'proxy', origin: 'observe'};
	const visible = {...rules, clearSigned: 'i-accept-visible-keys'} as const;
	if (vector.expect === 'accept-if-policy-allows-cleartext-sdp') {
		const without = await filter(setting, parsed.value, rules, vector);
		return allOf(
			mustEndAs('reject-415', ['UNSUPPORTED_TYPE'], without),
			await judge(vector, setting, parsed.value, visible),
		);
	}

	return judge(vector, setting, parsed.value, vector.now === undefined ? rules : visible);
}

async function judge(vector: RequestCase, setting: Setting, request: SipRequest, rules: PeerRules): Promise<Verdict> {
	const ended = await filter(setting, request, rules, vector);
	if (!vector.expect.startsWith('accept')) {
		const reasons = reasonsFor(vector.why);
		return reasons === undefined
			? failed(`Expected a reason that this version knows, got "${vector.why}".`)
			: mustEndAs(vector.expect, reasons, ended);
	}

	const reading = await readInside(setting, request);
	if (reading.code === 'NOT_CAPABLE' && ended.verdict.verdict === 'denial') {
		return skipped(
			`its content key travels by RSA PKCS#1 v1.5, which only OpenSSL from 3.2 on decrypts without telling; this Node has ${process.versions.openssl}`,
		);
	}

	return ended.verdict.verdict === 'release'
		? allOf(
				expectValue('the identity', ended.verdict.identity, await identityOf(vector, setting.folder)),
				expectValue('a digest of the inner octets of', reading.digest, vector.innerSdpSha256),
			)
		: failed(`Expected ${vector.expect}, got ${ended.verdict.reason} (${ended.detail}).`);
}

type Setting = {
	readonly folder: string;
	readonly nowMs: number;
	readonly identities: readonly {readonly certificate: string; readonly privateKey: string}[];
	readonly anchor: string;
	/** With the keys of the gateway. */
	readonly cms: CmsProvider;
};

async function readSetting(folder: string): Promise<Omit<Setting, 'nowMs'>> {
	const read = async (name: string) => Buffer.from(await readCaseFile(folder, `pki/${name}`)).toString('latin1');
	const identities = await Promise.all(
		['gw', 'gwrsa'].map(async (name) => ({
			certificate: await read(`${name}.pem`),
			privateKey: await read(`${name}.key`),
		})),
	);
	const keys = identities.map(({certificate, privateKey}) => ({
		certificatePem: certificate,
		privateKeyPem: privateKey,
	}));
	const anchor = await read('ca.pem');
	const {provider: cms} = await openCmsProvider({keys, workers: 1});
	return {folder, identities, anchor, cms};
}

export type Ended = {readonly verdict: Release | Denial; readonly detail: string};

/** What a toolbox of its own, with nothing in its ledger, makes of the request. */
async function filter(
	{nowMs, identities, anchor, cms}: Setting,
	message: SipRequest,
	rules: PeerRules,
	{now}: RequestCase,
): Promise<Ended> {
	const directory = await mkdtemp(join(tmpdir(), 'sallyport-sipsmime-'));
	// Old choices only where a peer is named, which here all callers of the collection are.
	const takesPkcs1 = cms.capabilities.legacy.includes('rsa-pkcs1-key-transport');
	const legacy = takesPkcs1 ? (['i-accept-rsa-pkcs1-key-transport'] as const) : [];
	const toolbox = await Toolbox.open(
		{
			directory,
			identities,
			trustAnchors: [anchor],
			localDomains: ['gw.example.com'],
			defaults: rules,
			peers: callerDomains.map((domain) => ({name: domain, match: {domain}, legacy})),
			...(now === undefined && {freshness: {maxAgeSeconds: 86_400, maxFutureSeconds: 3600}}),
			uniformFailureMs: 1,
		},
		{clock: {wallMs: () => nowMs, monotonicMs: () => nowMs}},
	);
	try {
		const origin = {transport: 'udp', address: '192.0.2.101', port: 5060} as const;
		const verdict = await toolbox.handle({
			kind: 'filter-inbound',
			call: 'c1',
			leg: 'line',
			role: 'offer',
			origin,
			message,
		});
		const alerts = await toolbox.handle({kind: 'read-alerts', afterSequence: 0, limit: 10});
		const detail = alerts.verdict === 'alerts' ? alerts.alerts.map((alert) => alert.detail).join(' ') : '';
		if (verdict.verdict !== 'release' && verdict.verdict !== 'denial') {
			throw new RangeError(`Expected a verdict of the toolbox, got ${verdict.verdict}.`);
		}

		return {verdict, detail};
	} finally {
		await toolbox.close();
		await rm(directory, {recursive: true, force: true});
	}
}

/** The signed octets as CMS alone finds them, and how its reading ended. */
async function readInside(
	{cms}: Setting,
	request: SipRequest,
): Promise<{readonly code: string; readonly digest?: string}> {
	const outer = entityOf(request);
	const opened =
		smimeKind(outer) === 'enveloped'
			? await cms.decrypt(request.body, {legacy: ['rsa-pkcs1-key-transport']})
			: ok({content: writeMimeEntity(outer)});
	if (!opened.ok) {
		return {code: opened.failure.code};
	}

	const entity = parseMimeEntity(opened.value.content);
	const signed = entity.ok ? readSignedEntity(entity.value) : entity;
	if (!signed.ok) {
		return {code: signed.failure.code};
	}

	const verified = await cms.verify(signed.value.contentInfo, signed.value.detached);
	return verified.ok
		? {code: 'ok', digest: createHash('sha256').update(verified.value.content).digest('hex')}
		: {code: verified.failure.code};
}

/** The address that the signer's certificate beside the file names. */
async function identityOf({signer}: RequestCase, folder: string): Promise<string | undefined> {
	if (signer === undefined) {
		return undefined;
	}

	const text = Buffer.from(await readCaseFile(folder, `pki/${signer}.pem`)).toString('latin1');
	return /URI:(sips?:[^,\s]+)/.exec(new X509Certificate(text).subjectAltName ?? '')?.[1];
}

const callerDomains = ['atlanta.example.com', 'biloxi.example.com', 'chicago.example.com', 'example.com'];
