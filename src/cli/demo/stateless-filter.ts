import {randomBytes} from 'node:crypto';
import type {MessageFilter} from '../../gateway/message-filter.js';
import type {KeySource} from '../../gateway/phone/key-source.js';
import type {CertificateValidator} from '../../trusted/certificates/certificate-validator.js';
import {canonicalAor, certificateSpeaksFor} from '../../trusted/certificates/identity.js';
import {InsecureSecretAccess, revealMasterKey} from '../../trusted/media/srtp/insecure-secret-access.js';
import {MasterKey} from '../../trusted/media/srtp/master-key.js';
import type {CmsProvider, Verified} from '../../trusted/smime/cms-provider.js';
import type {
	Denial,
	FilterInbound,
	FilterOutbound,
	MintKeys,
	Outbound,
	OwnKeyHandle,
	PeerKeyHandle,
	Release,
	ReleasedKey,
} from '../../trusted/toolbox/protocol.js';
import type {OwnKeysOf} from '../../trusted/toolbox/toolbox-client.js';
import {mimeHeader, parseMimeEntity, writeMimeEntity} from '../../wire/mime/entity.js';
import {leafEntities} from '../../wire/mime/multipart.js';
import {parseHandleAttribute, writeHandleAttribute} from '../../wire/sdes/handle-attribute.js';
import {parseCryptoAttribute} from '../../wire/sdes/parse-crypto.js';
import type {SrtpSuiteName} from '../../wire/sdes/suites.js';
import {writeCryptoAttribute} from '../../wire/sdes/write-crypto.js';
import {attributeValues, withAttributes} from '../../wire/sdp/attributes.js';
import {parseSdp, writeSdp} from '../../wire/sdp/parse-sdp.js';
import {header, withBody} from '../../wire/sip/headers.js';
import type {SipMessage} from '../../wire/sip/message.js';
import {parseNameAddr} from '../../wire/sip/name-addr.js';

export type StatelessFilterOptions = {
	readonly cms: CmsProvider;
	readonly validator: CertificateValidator;
	/** Name of our own key in `cms`. */
	readonly keyId: string;
	/** DER certificates by address of record: who can open an offer of ours. */
	readonly recipients: ReadonlyMap<string, Uint8Array>;
	/** True gives back the offered key in the answer, as early drafts of SDES did (PROTOCOL §1.3, 5b). */
	readonly mirrorsKeys: boolean;
	readonly nowMs: () => number;
};

/**
 * S/MIME as RFC 3261 §23 has it and nothing more: what a careful telephone without a security toolbox does. It decrypts,
 * verifies signature, chain and identity, and forgets. It is here to be attacked; nothing else may use it.
 */
export class StatelessFilter implements MessageFilter, KeySource {
	readonly #options: StatelessFilterOptions;
	readonly #peerKeys = new Map<string, MasterKey>();
	readonly #ownKeys = new Map<string, MasterKey>();
	readonly #offeredKeys = new Map<string, Uint8Array>();
	readonly #signers = new Map<string, Uint8Array>();

	constructor(options: StatelessFilterOptions) {
		this.#options = options;
	}

	async filterInbound({call, role, message}: Omit<FilterInbound, 'kind'>): Promise<Release | Denial> {
		if (role === 'none') {
			return {
				verdict: 'release',
				protection: 'clear',
				sdp: '',
				keys: [],
				identity: '',
				mediaSource: {kind: 'declared'},
				template: 'none',
				audit: 0,
			};
		}

		const {cms, validator, nowMs} = this.#options;
		const decrypted = await cms.decrypt(message.body);
		const inner = decrypted.ok ? parseMimeEntity(decrypted.value.content) : undefined;
		const verified = inner?.ok ? await cms.verify(inner.value.body) : undefined;
		const signer = verified?.ok ? verified.value.signers[0] : undefined;
		if (!verified?.ok || signer === undefined) {
			return deny(493, 'Undecipherable', 'NOT_OPENED');
		}

		const validated = await validator.validate(signer.certificate, verified.value.certificates, {
			atMs: nowMs(),
			purpose: 'sign',
		});
		const from = parseNameAddr(header(message, role === 'offer' ? 'From' : 'To') ?? '');
		const aor = from.ok ? canonicalAor(from.value.uri) : undefined;
		if (!validated.ok || !aor?.ok || certificateSpeaksFor(validated.value, aor.value) === undefined) {
			return deny(403, 'Forbidden', 'NOT_THE_SENDER');
		}

		this.#signers.set(call, signer.certificate);
		const released = this.#release(call, verified.value);
		return released === undefined
			? deny(488, 'Not Acceptable Here', 'NO_SDP')
			: {
					...released,
					verdict: 'release',
					protection: 'sealed',
					identity: aor.value,
					mediaSource: {kind: 'declared'},
					template: 'none',
					audit: 0,
				};
	}

	async mintKeys<const Suites extends MintKeys['suites']>({
		call,
		suites,
	}: Omit<MintKeys, 'kind' | 'suites'> & {readonly suites: Suites}): Promise<OwnKeysOf<Suites>> {
		return suites.map((suite) => this.#mintKey(call, suite)) as OwnKeysOf<Suites>;
	}

	#mintKey(call: string, suite: SrtpSuiteName): OwnKeyHandle {
		const offered = this.#offeredKeys.get(`${call} ${suite}`);
		const key =
			this.#options.mirrorsKeys && offered !== undefined
				? MasterKey.fromBytes(suite, offered)
				: MasterKey.generate(suite);
		const handle = randomBytes(16).toString('hex') as OwnKeyHandle;
		this.#ownKeys.set(handle, key);
		return handle;
	}

	async filterOutbound({call, role, message}: Omit<FilterOutbound, 'kind'>): Promise<Outbound | Denial> {
		const outbound = {verdict: 'outbound', protection: 'sealed', template: 'none', audit: 0} as const;
		if (role === 'none') {
			return {...outbound, message};
		}

		const to = parseNameAddr(header(message, 'To') ?? '');
		const aor = to.ok ? canonicalAor(to.value.uri) : undefined;
		const recipient = role === 'answer' ? this.#signers.get(call) : aor?.ok && this.#options.recipients.get(aor.value);
		const content = this.#withKeys(message);
		if (!recipient || content === undefined) {
			return deny(488, 'Not Acceptable Here', 'NO_RECIPIENT');
		}

		const {cms, keyId, nowMs} = this.#options;
		const signed = await cms.sign({content, keyId, signingTimeMs: nowMs(), detached: false});
		const sealed = signed.ok
			? await cms.encrypt({
					content: writeMimeEntity(signedDataEntity(signed.value)),
					recipients: [recipient],
					cipher: 'AES-256-GCM',
				})
			: signed;
		return sealed.ok
			? {...outbound, message: withBody(message, sealed.value, envelopeHeaders)}
			: deny(500, 'Server Internal Error', 'NOT_SEALED');
	}

	async endCall(): Promise<void> {
		// Nothing is remembered: that is the point.
	}

	async peerKey(handle: PeerKeyHandle): Promise<MasterKey> {
		return held(this.#peerKeys, handle);
	}

	async ownKey(handle: OwnKeyHandle): Promise<MasterKey> {
		return held(this.#ownKeys, handle);
	}

	/** The SDP of the signed content with handles for keys; undefined where there is none. */
	#release(call: string, {content}: Verified): Pick<Release, 'sdp' | 'keys'> | undefined {
		const entity = parseMimeEntity(content);
		const leaves = entity.ok ? leafEntities(entity.value) : entity;
		const body = leaves.ok
			? leaves.value.find((leaf) => mimeHeader(leaf, 'Content-Type')?.startsWith('application/sdp'))
			: undefined;
		const sdp = body && parseSdp(body.body);
		if (!sdp?.ok) {
			return undefined;
		}

		const keys: ReleasedKey[] = [];
		const media = sdp.value.media.map((section, mediaIndex) => {
			const lines = attributeValues(section, 'crypto').flatMap((value) => {
				const line = parseCryptoAttribute(value);
				const key = line.ok ? line.value.keys[0] : undefined;
				if (!line.ok || key === undefined) {
					return [];
				}

				const {tag, suite} = line.value;
				const handle = randomBytes(16).toString('hex') as PeerKeyHandle;
				this.#peerKeys.set(handle, MasterKey.fromBytes(suite, key.keyAndSalt));
				this.#offeredKeys.set(`${call} ${suite}`, key.keyAndSalt);
				keys.push({handle, mediaIndex, tag, suite, mki: new Uint8Array()});
				return [writeHandleAttribute({tag, suite, handle, sessionParameters: {}})];
			});
			return withAttributes(section, 'crypto', lines);
		});
		return {sdp: writeSdp({...sdp.value, media}), keys};
	}

	/** The message's SDP as a MIME entity, keys in place of handles. */
	#withKeys(message: SipMessage): Uint8Array | undefined {
		const sdp = parseSdp(message.body);
		if (!sdp.ok) {
			return undefined;
		}

		const media = sdp.value.media.map((section) => {
			const lines = attributeValues(section, 'crypto').flatMap((value) => {
				const line = parseHandleAttribute(value);
				const key = line.ok ? this.#ownKeys.get(line.value.handle) : undefined;
				if (!line.ok || key === undefined) {
					return [];
				}

				const {tag, suite} = line.value;
				const keyAndSalt = revealMasterKey(key, new InsecureSecretAccess());
				return [writeCryptoAttribute({tag, suite, keys: [{keyAndSalt}], sessionParameters: {}})];
			});
			return withAttributes(section, 'crypto', lines);
		});
		const body = Buffer.from(writeSdp({...sdp.value, media}));
		return writeMimeEntity({headers: [{name: 'Content-Type', value: 'application/sdp'}], body});
	}
}

function signedDataEntity(body: Uint8Array): Parameters<typeof writeMimeEntity>[0] {
	return {
		headers: [{name: 'Content-Type', value: 'application/pkcs7-mime;smime-type=signed-data;name=smime.p7m'}],
		body,
	};
}

function deny(status: number, reasonPhrase: string, reason: string): Denial {
	return {verdict: 'denial', step: 'stateless', reason, status, reasonPhrase, headers: [], audit: 0};
}

function held(keys: ReadonlyMap<string, MasterKey>, handle: string): MasterKey {
	const key = keys.get(handle);
	if (key === undefined) {
		throw new RangeError('Expected a handle that was given out, got another.');
	}

	return key;
}

const envelopeHeaders = [
	{name: 'Content-Type', value: 'application/pkcs7-mime;smime-type=authEnveloped-data;name=smime.p7m'},
	{name: 'Content-Disposition', value: 'session;handling=required'},
];
