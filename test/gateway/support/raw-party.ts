import {once} from 'node:events';
import type {ExecutionContext} from 'ava';
import type {DemoWorld} from '#dist/cli/demo/demo-world.js';
import {withSdp} from '#dist/gateway/call-messages.js';
import type {IncomingRequest, OutgoingRequest, SipEndpoint} from '#dist/io/sip/index.js';
import type {CmsProvider} from '#dist/trusted/smime/cms-provider.js';
import {openCmsProvider} from '#dist/trusted/smime/open-cms-provider.js';
import {pemToDer} from '#dist/wire/asn1/pem.js';
import {mimeHeader, parseMimeEntity, writeMimeEntity} from '#dist/wire/mime/entity.js';
import {leafEntities} from '#dist/wire/mime/multipart.js';
import {withBody} from '#dist/wire/sip/headers.js';
import type {SipMessage, SipRequest} from '#dist/wire/sip/message.js';
import {openTestEndpoint} from './world.js';

/**
 * A SIP element with a key and S/MIME of its own, which shows its test the SDP as it is, keys and all, and seals whatever
 * it is given. Its signed part says nothing of the message (`binding: none`).
 */
export class RawParty {
	readonly endpoint: SipEndpoint;
	readonly aor: string;
	readonly #cms: CmsProvider;
	readonly #keyId: string;
	readonly #peer: Uint8Array;

	private constructor(endpoint: SipEndpoint, aor: string, cms: CmsProvider, keyId: string, peer: Uint8Array) {
		this.endpoint = endpoint;
		this.aor = aor;
		this.#cms = cms;
		this.#keyId = keyId;
		this.#peer = peer;
	}

	static async open(
		t: ExecutionContext,
		world: DemoWorld,
		who: 'bob' | 'alice',
		{address = '127.0.0.1', peer = world.gateway.certificatePem} = {},
	): Promise<RawParty> {
		const {certificatePem, privateKeyPem} = world[who];
		const {provider, privateKeys} = await openCmsProvider({keys: [{certificatePem, privateKeyPem}]});
		t.teardown(() => provider.close());
		const blocks = pemToDer(peer);
		return new RawParty(
			await openTestEndpoint(t, address),
			who === 'bob' ? 'sip:bob@branch.example' : 'sip:alice@office.example',
			provider,
			privateKeys.keys[0]?.keyId ?? '',
			(blocks.ok && blocks.value[0]) || new Uint8Array(),
		);
	}

	get port(): number {
		return this.endpoint.localAddress('tcp').port;
	}

	get contact(): {readonly name: string; readonly value: string} {
		const {address, port} = this.endpoint.localAddress('tcp');
		return {name: 'Contact', value: `<sip:raw@${address}:${port};transport=tcp>`};
	}

	/** The message with this SDP signed and encrypted in it. */
	async seal<Message extends SipMessage>(message: Message, sdp: string): Promise<Message> {
		const content = writeMimeEntity({
			headers: [{name: 'Content-Type', value: 'application/sdp'}],
			body: Buffer.from(sdp),
		});
		const signed = await this.#cms.sign({
			content,
			keyId: this.#keyId,
			signingTimeMs: Date.now(),
			detached: false,
		});
		const inner = writeMimeEntity({
			headers: [{name: 'Content-Type', value: 'application/pkcs7-mime;smime-type=signed-data;name=smime.p7m'}],
			body: must(signed),
		});
		const sealed = await this.#cms.encrypt({content: inner, recipients: [this.#peer], cipher: 'AES-256-GCM'});
		return withBody(withSdp(message, '', Date.now()), must(sealed), [
			{name: 'Content-Type', value: 'application/pkcs7-mime;smime-type=authEnveloped-data;name=smime.p7m'},
			{name: 'Content-Disposition', value: 'session;handling=required'},
		]);
	}

	/** The SDP of a sealed body. */
	async unseal({body}: SipMessage): Promise<string> {
		const outer = parseMimeEntity(must(await this.#cms.decrypt(body)).content);
		const verified = must(await this.#cms.verify(must(outer).body));
		const leaves = must(leafEntities(must(parseMimeEntity(verified.content))));
		const sdp = leaves.find((leaf) => mimeHeader(leaf, 'Content-Type')?.startsWith('application/sdp'));
		return Buffer.from(sdp?.body ?? []).toString('utf8');
	}

	/** An INVITE without a body. */
	invitation(to: string, more: Partial<SipRequest> = {}): SipRequest {
		return {
			kind: 'request',
			method: 'INVITE',
			uri: to,
			headers: [
				{name: 'Max-Forwards', value: '70'},
				{name: 'From', value: `<${this.aor}>;tag=${this.endpoint.newTag()}`},
				{name: 'To', value: `<${to}>`},
				{name: 'Call-ID', value: this.endpoint.newTag()},
				{name: 'CSeq', value: '1 INVITE'},
				this.contact,
			],
			body: new Uint8Array(),
			...more,
		};
	}

	/** The next request that arrives. */
	async next(): Promise<IncomingRequest> {
		const [incoming] = (await once(this.endpoint, 'request')) as [IncomingRequest];
		return incoming;
	}

	/** 200 with this SDP sealed. */
	async answer(incoming: IncomingRequest, sdp: string): Promise<boolean> {
		const response = incoming.makeResponse(200, 'OK', {headers: [this.contact]});
		return incoming.respond(await this.seal(response, sdp));
	}
}

/** The status that a request of ours came to. */
export async function statusOf(outgoing: OutgoingRequest): Promise<number | string> {
	const outcome = await outgoing.outcome;
	return outcome.ok ? outcome.value.status : outcome.failure.code;
}

function must<Value>(
	result: {readonly ok: true; readonly value: Value} | {readonly ok: false; readonly failure: {readonly code: string}},
): Value {
	if (!result.ok) {
		throw new Error(`Expected no failure, got ${result.failure.code}.`);
	}

	return result.value;
}
