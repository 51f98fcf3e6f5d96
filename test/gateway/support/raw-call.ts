import {randomBytes, randomInt} from 'node:crypto';
import type {Socket} from 'node:dgram';
import {once} from 'node:events';
import type {ExecutionContext} from 'ava';
import {alice, type DemoWorld} from '#dist/cli/demo/demo-world.js';
import {Dialog, type SipTarget} from '#dist/core/sip/index.js';
import {withSdp} from '#dist/gateway/call-messages.js';
import type {GatewayOptions} from '#dist/gateway/index.js';
import type {IncomingRequest} from '#dist/io/sip/index.js';
import {MasterKey, SrtpInbound, SrtpOutbound} from '#dist/trusted/media/srtp/index.js';
import {header} from '#dist/wire/sip/headers.js';
import type {SipMessage, SipRequest, SipResponse} from '#dist/wire/sip/message.js';
import {RawParty} from './raw-party.js';
import {addressIn, cryptoLine, cryptoLinesOf, portOf, type SdpParts, sdpText} from './sdp.js';
import {makeTestWorld, openTestGateway, openTestSocket, settles, type TestGateway} from './world.js';

export type Protection = 'sealed' | 'sdes' | 'clear';
const suite = 'AES_CM_128_HMAC_SHA1_80';

/** One party of a call through the gateway, with a dialog, keys and a socket of its own; it says and shows everything. */
export class RawSide {
	readonly party: RawParty;
	socket: Socket;
	/** What we send with; empty in the clear. */
	key: Buffer;
	/** What the gateway said last. */
	peerSdp = '';
	/** Numbers in the packets that came and opened, in order, and how many did not open. */
	readonly heard: number[] = [];
	unopened = 0;
	/** Where its requests go. */
	target: SipTarget;
	/** Of what it says. */
	payloadType = 0;
	/** Where it sends packets; where the gateway's SDP says unless told. */
	mediaAddress: string | undefined;
	/** Keys of the gateway that were seen, oldest first. */
	readonly keysOfGateway: Buffer[] = [];
	/** Under which of the gateway's keys, by age, the last packet came. */
	heardUnder = -1;
	readonly #protection: Protection;
	readonly #inbounds: SrtpInbound[] = [];
	readonly #ssrc = randomInt(2 ** 32);
	#dialog: Dialog | undefined;
	#outbound: SrtpOutbound | undefined;
	#sequence = 0;

	constructor(party: RawParty, socket: Socket, protection: Protection, target: SipTarget) {
		this.party = party;
		this.socket = socket;
		this.#protection = protection;
		this.target = target;
		this.key = protection === 'clear' ? Buffer.alloc(0) : randomBytes(30);
		this.speakUnder(this.key);
		socket.on('message', (packet) => this.#hear(packet));
	}

	set dialog(dialog: Dialog) {
		this.#dialog = dialog;
	}

	get dialog(): Dialog {
		if (this.#dialog === undefined) {
			throw new Error('Expected a dialog.');
		}

		return this.#dialog;
	}

	/** SDP of this side, with its key in force unless told. */
	sdp(parts: SdpParts = {}): string {
		const crypto = this.#protection === 'clear' ? [] : [cryptoLine(1, this.key)];
		const {address, port} = this.socket.address();
		return sdpText({port, address, crypto, ...parts});
	}

	async close<Message extends SipMessage>(message: Message, sdp: string): Promise<Message> {
		return this.#protection === 'sealed' ? this.party.seal(message, sdp) : withSdp(message, sdp, Date.now());
	}

	/** The SDP in a message of the gateway; its key is one to hear under from then on. */
	async read(message: SipMessage): Promise<string> {
		this.peerSdp =
			this.#protection === 'sealed' ? await this.party.unseal(message) : Buffer.from(message.body).toString('utf8');
		return this.peerSdp;
	}

	/** Adds the gateway's key of what was read last, where it is a new one. */
	hearUnder(): void {
		const [line] = cryptoLinesOf(this.peerSdp);
		if (line !== undefined && !this.keysOfGateway.some((key) => key.equals(line.key))) {
			this.keysOfGateway.push(line.key);
			this.#inbounds.push(new SrtpInbound({keys: [{masterKey: MasterKey.fromBytes(suite, line.key)}]}));
		}
	}

	speakUnder(key: Buffer): void {
		this.key = key;
		this.#outbound =
			key.length === 0 ? undefined : new SrtpOutbound({keys: [{masterKey: MasterKey.fromBytes(suite, key)}]});
	}

	/** One packet to the gateway, with its number inside. */
	speak(): void {
		const packet = Buffer.alloc(172);
		packet[0] = 0x80;
		packet[1] = this.payloadType;
		packet.writeUInt16BE(++this.#sequence, 2);
		packet.writeUInt32BE(this.#sequence * 160, 4);
		packet.writeUInt32BE(this.#ssrc, 8);
		packet.writeUInt32BE(this.#sequence, 12);
		const sent = this.#outbound?.protectRtp(packet) ?? {ok: true, value: packet};
		if (sent.ok) {
			this.socket.send(sent.value, portOf(this.peerSdp), this.mediaAddress ?? addressIn(this.peerSdp));
		}
	}

	/** Another socket to hear and speak by; its port. */
	async moveTo(t: ExecutionContext): Promise<number> {
		this.socket = await openTestSocket(t);
		this.socket.on('message', (packet) => this.#hear(packet));
		return this.socket.address().port;
	}

	get said(): number {
		return this.#sequence;
	}

	/** INVITE or UPDATE in the dialog with this SDP: the status, and what was answered. */
	async offer(
		sdp: string,
		method = 'INVITE',
		acknowledges = true,
	): Promise<{readonly status: number; readonly sdp: string}> {
		const {dialog, party} = this;
		const request = await this.close(dialog.makeRequest(method, {headers: [party.contact]}), sdp);
		const outgoing = party.endpoint.request(request, this.target);
		const outcome = await outgoing.outcome;
		if (!outcome.ok) {
			throw new Error(`Expected an answer, got ${outcome.failure.code}.`);
		}

		const response = outcome.value;
		dialog.receiveResponse(response);
		if (response.status >= 300) {
			return {status: response.status, sdp: ''};
		}

		const answer = await this.read(response);
		this.hearUnder();
		if (method === 'INVITE' && acknowledges) {
			outgoing.acknowledge(dialog.makeAck(request), this.target);
		}

		return {status: response.status, sdp: answer};
	}

	/** Answers the next offer of the gateway with what `sdpFor` says of it; resolves to the offer when it is acknowledged. */
	async answerNext(sdpFor: (offer: string) => string = () => this.sdp()): Promise<string> {
		const incoming = await this.party.next();
		const offer = await this.read(incoming.request);
		this.hearUnder();
		await this.answer(incoming, sdpFor(offer));
		return offer;
	}

	/** 200 with this SDP; resolves when it is acknowledged. */
	async answer(incoming: IncomingRequest, sdp: string): Promise<void> {
		const {dialog, party} = this;
		const refusal = dialog.receiveRequest(incoming.request);
		if (refusal !== undefined) {
			throw new Error(`Expected a request of the dialog, got one to refuse with ${refusal.status}.`);
		}

		dialog.answerInvite(200);
		const acknowledged = once(incoming, 'ack');
		incoming.respond(await this.close(incoming.makeResponse(200, 'OK', {headers: [party.contact]}), sdp));
		await acknowledged;
	}

	/** Refuses the next request of the gateway. */
	async refuseNext(status: number): Promise<SipRequest> {
		const incoming = await this.party.next();
		this.dialog.receiveRequest(incoming.request);
		this.dialog.answerInvite(status);
		incoming.respond(incoming.makeResponse(status, 'No'));
		return incoming.request;
	}

	/** A request without a body. */
	async send(method: string): Promise<SipResponse> {
		const {dialog, party} = this;
		const request = dialog.makeRequest(method, {headers: [party.contact]});
		const outcome = await party.endpoint.request(request, this.target).outcome;
		if (!outcome.ok) {
			throw new Error(`Expected an answer, got ${outcome.failure.code}.`);
		}

		dialog.receiveResponse(outcome.value);
		return outcome.value;
	}

	#hear(packet: Buffer): void {
		if (packet.length < 172) {
			return;
		}

		if (this.#protection === 'clear') {
			this.heard.push(packet.readUInt32BE(12));
			return;
		}

		for (const [age, inbound] of this.#inbounds.entries()) {
			const opened = inbound.unprotectRtp(packet);
			if (opened.ok) {
				this.heard.push(Buffer.from(opened.value).readUInt32BE(12));
				this.heardUnder = age;
				return;
			}
		}

		this.unopened++;
	}
}

export type RawCall = {readonly gateway: TestGateway; readonly bob: RawSide; readonly alice: RawSide};

export type RawCallOptions = {
	readonly bobSide?: Protection;
	readonly aliceSide?: Protection;
	readonly change?: (options: GatewayOptions) => GatewayOptions;
	readonly bobAddress?: string;
	/** What Alice herself speaks, where something stands between her and the gateway: its port towards the gateway. */
	readonly through?: {
		readonly protection: Protection;
		readonly open: (world: DemoWorld, alicePort: number) => Promise<number>;
	};
	/** Of the first offer and answer. */
	readonly offer?: SdpParts;
	readonly answer?: SdpParts;
};

/** A call from Bob to Alice through a gateway, up and acknowledged. */
export async function openRawCall(t: ExecutionContext, options: RawCallOptions = {}): Promise<RawCall> {
	const {bobSide = 'sealed', aliceSide = 'sealed', change = (as) => as, offer, answer, through} = options;
	const world = await makeTestWorld(t);
	const [caller, callee] = [await RawParty.open(t, world, 'bob'), await RawParty.open(t, world, 'alice')];
	const next = (await through?.open(world, callee.port)) ?? callee.port;
	const gateway = await openTestGateway(t, world, next, (given) =>
		change({
			...given,
			suites: [suite],
			routes: given.routes.map((route) => ({...route, protection: aliceSide})),
			toolbox: {
				...given.toolbox,
				peers: (given.toolbox.peers ?? []).map((peer) => {
					const side = peer.name === 'bob' ? bobSide : aliceSide;
					return {...peer, binding: 'none' as const, protection: {inbound: side, outbound: side}};
				}),
			},
		}),
	);
	const target = gateway.target('tcp');
	const bob = new RawSide(caller, await openTestSocket(t, options.bobAddress), bobSide, target);
	const aliceAs = new RawSide(callee, await openTestSocket(t), through?.protection ?? aliceSide, target);
	const invite = await bob.close(caller.invitation(alice), bob.sdp(offer));
	const outgoing = caller.endpoint.request(invite, target);
	const atAlice = await callee.next();
	await aliceAs.read(atAlice.request);
	aliceAs.hearUnder();
	aliceAs.dialog = dialogOf(Dialog.fromRequest(atAlice.request, atAlice.localTag));
	aliceAs.dialog.answerInvite(200);
	const acknowledged = once(atAlice, 'ack');
	const response = atAlice.makeResponse(200, 'OK', {headers: [callee.contact]});
	atAlice.respond(await aliceAs.close(response, aliceAs.sdp(answer)));
	await acknowledged;
	const outcome = await outgoing.outcome;
	if (!outcome.ok || outcome.value.status !== 200) {
		throw new Error(`Expected a call, got ${outcome.ok ? outcome.value.status : outcome.failure.code}.`);
	}

	await bob.read(outcome.value);
	bob.hearUnder();
	bob.dialog = dialogOf(Dialog.fromResponse(invite, outcome.value));
	outgoing.acknowledge(bob.dialog.makeAck(invite), target);
	return {gateway, bob, alice: aliceAs};
}

/** Both sides speak, a packet every few milliseconds, while `work` is done and a little after; then all that was said was heard. */
export async function whileSpeaking({bob, alice: other}: RawCall, work: () => Promise<void>): Promise<void> {
	const timer = setInterval(() => {
		bob.speak();
		other.speak();
	}, 4);
	try {
		await pause(60);
		await work();
		await pause(200);
	} finally {
		clearInterval(timer);
	}

	await settles(
		() => bob.heard.length >= other.said && other.heard.length >= bob.said,
		(isAll) => isAll,
		3000,
	);
}

/** Both ways, a packet passes. */
export async function passes({bob, alice: other}: RawCall): Promise<readonly [toAlice: boolean, toBob: boolean]> {
	const before = [other.heard.length, bob.heard.length] as const;
	bob.speak();
	other.speak();
	const count = () => [other.heard.length > before[0], bob.heard.length > before[1]] as const;
	await settles(count, ([one, two]) => one && two, 300);
	return count();
}

/** Hangs up, as Bob. */
export async function hangUp({bob, alice: other}: RawCall): Promise<void> {
	other.party.endpoint.on('request', (incoming) => incoming.respond(incoming.makeResponse(200, 'OK')));
	await bob.send('BYE');
}

/** Requests that a side got, and answered by nothing. */
export function watchRequests({party}: RawSide): string[] {
	const seen: string[] = [];
	party.endpoint.on('request', ({request}: IncomingRequest) => {
		seen.push(`${request.method} ${header(request, 'CSeq')}`);
	});
	return seen;
}

function dialogOf(result: ReturnType<typeof Dialog.fromRequest>): Dialog {
	if (!result.ok) {
		throw new Error(`Expected a dialog, got ${result.failure.code}.`);
	}

	return result.value;
}

function pause(forMs: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, forMs));
}
