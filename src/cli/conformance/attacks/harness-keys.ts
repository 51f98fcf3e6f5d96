import {createHash, randomBytes} from 'node:crypto';
import {invariant, SallyportError} from '../../../base/error.js';
import {
	CertificateAuthority,
	createRoot,
	type IssuedCredential,
} from '../../../trusted/certificates/certificate-authority.js';
import {parseCredential} from '../../../trusted/certificates/credential.js';
import {certificateFingerprint} from '../../../trusted/smime/certificate-fingerprint.js';
import type {CmsProvider} from '../../../trusted/smime/cms-provider.js';
import {openCmsProvider} from '../../../trusted/smime/open-cms-provider.js';
import {offerDigestHeader} from '../../../trusted/toolbox/tools/header-binding.js';
import {pemToDer} from '../../../wire/asn1/pem.js';
import {mimeHeader, parseMimeEntity, writeMimeEntity} from '../../../wire/mime/entity.js';
import {leafEntities, writeMultipart} from '../../../wire/mime/multipart.js';
import {writeSipDate} from '../../../wire/sip/date.js';
import {header, withBody, withHeader} from '../../../wire/sip/headers.js';
import type {SipMessage} from '../../../wire/sip/message.js';

/** PEM of a certificate and its private key. */
export type GatewayCredential = {readonly certificate: string; readonly privateKey: string};

/** A sealed body that was opened. */
export type OpenedBody = {
	readonly sdp: string;
	/** Hexadecimal SHA-256 of the signed content: what an answer names. */
	readonly digest: string;
	/** The signed entity inside the envelope, for sealing anew. */
	readonly signed: Uint8Array;
};

/**
 * What the harness seals and opens with: an authority of its own, a certificate of it for each party that the harness
 * plays, and the gateway's keys, which the scenarios come with, to look into what their messages hold.
 */
export class HarnessKeys {
	/** PEM, to be trusted beside the scenarios' own anchor. */
	readonly anchor: string;
	readonly #credentials: ReadonlyMap<string, IssuedCredential>;
	readonly #cms: CmsProvider;
	readonly #gateway: Uint8Array;

	private constructor(
		anchor: string,
		credentials: ReadonlyMap<string, IssuedCredential>,
		cms: CmsProvider,
		gateway: Uint8Array,
	) {
		this.anchor = anchor;
		this.#credentials = credentials;
		this.#cms = cms;
		this.#gateway = gateway;
	}

	/** @param validity Milliseconds since 1970 within which the certificates must be valid. */
	static async open(
		parties: readonly string[],
		gateway: readonly GatewayCredential[],
		validity: {readonly fromMs: number; readonly toMs: number},
	): Promise<HarnessKeys> {
		const nowMs = validity.fromMs - dayMs;
		const validityDays = Math.ceil((validity.toMs - nowMs) / dayMs) + 30;
		const root = await createRoot({commonName: 'Sallyport conformance', nowMs, validityDays});
		const authority = new CertificateAuthority(parseCredential(`${root.certificatePem}${root.privateKeyPem}`));
		const credentials = new Map<string, IssuedCredential>();
		for (const party of new Set(parties)) {
			credentials.set(party, await authority.issue({uris: [party], nowMs, validityDays}));
		}

		const keys = [
			...[...credentials.values()],
			...gateway.map(({certificate, privateKey}) => ({certificatePem: certificate, privateKeyPem: privateKey})),
		];
		const {provider} = await openCmsProvider({keys});
		const [first] = gateway;
		invariant(first, 'a gateway has a key');
		return new HarnessKeys(root.certificatePem, credentials, provider, derOf(first.certificate));
	}

	/** PEM of a party's certificate. */
	certificateOf(party: string): string {
		return this.#credentialOf(party).certificatePem;
	}

	/** The message with an SDP signed by `party` together with the headers that it belongs to, sealed for the gateway. */
	async seal<Message extends SipMessage>(
		message: Message,
		sdp: string,
		{party, nowMs, offerDigest}: {readonly party: string; readonly nowMs: number; readonly offerDigest?: string},
	): Promise<Message> {
		const dated = withHeader(message, 'Date', writeSipDate(nowMs));
		const lines = [
			...['From', 'To', 'Call-ID', 'CSeq', 'Date', 'Contact'].flatMap((name) => {
				const value = header(dated, name);
				return value === undefined ? [] : [`${name}: ${value}`];
			}),
			...(offerDigest === undefined ? [] : [`${offerDigestHeader}: sha-256;${offerDigest}`]),
		];
		const boundary = randomBytes(12).toString('hex');
		const content = writeMimeEntity({
			headers: [{name: 'Content-Type', value: `multipart/mixed;boundary="${boundary}"`}],
			body: writeMultipart(
				[part('message/sipfrag', `${lines.join('\r\n')}\r\n`), part('application/sdp', sdp)],
				boundary,
			),
		});
		const keyId = certificateFingerprint(derOf(this.#credentialOf(party).certificatePem));
		const signed = must(await this.#cms.sign({content, keyId, signingTimeMs: nowMs, detached: false}));
		return this.sealSigned(
			dated,
			writeMimeEntity({headers: [{name: 'Content-Type', value: signedType}], body: signed}),
		);
	}

	/** The message with a signed entity, whoever signed it, sealed for the gateway. */
	async sealSigned<Message extends SipMessage>(message: Message, signed: Uint8Array): Promise<Message> {
		const sealed = must(await this.#cms.encrypt({content: signed, recipients: [this.#gateway], cipher: 'AES-256-GCM'}));
		return withBody(message, sealed, [
			{name: 'Content-Type', value: 'application/pkcs7-mime;smime-type=authEnveloped-data;name=smime.p7m'},
			{name: 'Content-Disposition', value: 'session;handling=required'},
		]);
	}

	/** Opens what was sealed for the gateway or one of the parties. Throws `SallyportError` `NOT_OPENED` where it cannot. */
	async open({body}: SipMessage): Promise<OpenedBody> {
		const {content: signed} = must(await this.#cms.decrypt(body));
		const verified = must(await this.#cms.verify(must(parseMimeEntity(signed)).body));
		const leaves = must(leafEntities(must(parseMimeEntity(verified.content))));
		const sdp = leaves.find((leaf) => mimeHeader(leaf, 'Content-Type')?.startsWith('application/sdp'));
		return {
			sdp: Buffer.from(sdp?.body ?? []).toString('utf8'),
			digest: createHash('sha256').update(verified.content).digest('hex'),
			signed,
		};
	}

	close(): Promise<void> {
		return this.#cms.close();
	}

	#credentialOf(party: string): IssuedCredential {
		const credential = this.#credentials.get(party);
		invariant(credential, `a party that has a certificate, not ${party}`);
		return credential;
	}
}

function part(type: string, body: string): Uint8Array {
	return writeMimeEntity({headers: [{name: 'Content-Type', value: type}], body: Buffer.from(body)});
}

function derOf(pem: string): Uint8Array {
	const blocks = pemToDer(pem);
	const [der] = blocks.ok ? blocks.value : [];
	if (der === undefined) {
		throw new SallyportError('VECTOR_FILE_UNREADABLE', 'Expected a certificate in PEM, got none.');
	}

	return der;
}

function must<Value>(
	result: {readonly ok: true; readonly value: Value} | {readonly ok: false; readonly failure: {readonly code: string}},
): Value {
	if (!result.ok) {
		throw new SallyportError('NOT_OPENED', `Expected a body that can be opened or sealed, got ${result.failure.code}.`);
	}

	return result.value;
}

const signedType = 'application/pkcs7-mime;smime-type=signed-data;name=smime.p7m';
const dayMs = 86_400_000;
