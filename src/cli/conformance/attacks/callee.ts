import {randomBytes} from 'node:crypto';
import {Dialog} from '../../../core/sip/dialog.js';
import type {IncomingRequest} from '../../../io/sip/incoming-request.js';
import {SipEndpoint} from '../../../io/sip/sip-endpoint.js';
import {canonicalAor} from '../../../trusted/certificates/identity.js';
import {header} from '../../../wire/sip/headers.js';
import {parseNameAddr} from '../../../wire/sip/name-addr.js';
import type {HarnessKeys, OpenedBody} from './harness-keys.js';
import {answerTo, cryptoOf, freshKey} from './session.js';
import {inTime} from './wire-party.js';

/** An offer of the gateway, opened. */
export type ReceivedOffer = {
	readonly incoming: IncomingRequest;
	/** AOR of the called party, who answers. */
	readonly party: string;
	readonly opened: OpenedBody;
};

/** What the callee does with offers outside a dialog: answers them, leaves them waiting, or refuses them. */
export type CalleePlan = 'answer' | 'wait' | {readonly status: number; readonly reason: string};

/**
 * Everybody whom the scenarios call, at one address: opens what the gateway offers, and answers with a key of its own,
 * signed with the digest of the offer and sealed for the gateway.
 */
export class Callee {
	plan: CalleePlan = 'answer';
	/** Every offer outside a dialog, in the order in which they came. */
	readonly offers: ReceivedOffer[] = [];
	/** What was wrong with what came: told where a scenario fails. */
	readonly faults: string[] = [];
	readonly #endpoint: SipEndpoint;
	readonly #keys: HarnessKeys;
	readonly #nowMs: () => number;
	readonly #sessions = new Map<
		string,
		{readonly party: string; readonly dialog: Dialog; sdp: string; version: number}
	>();
	#wake = (): void => {};

	private constructor(endpoint: SipEndpoint, keys: HarnessKeys, nowMs: () => number) {
		this.#endpoint = endpoint;
		this.#keys = keys;
		this.#nowMs = nowMs;
		endpoint.on('request', (incoming) => {
			this.#receive(incoming).catch((error: unknown) => {
				this.faults.push(error instanceof Error ? error.message : 'a fault');
				incoming.respond(incoming.makeResponse(500, 'Server Internal Error'));
			});
		});
	}

	/** @param nowMs Time of the scenario. */
	static async open(address: string, keys: HarnessKeys, nowMs: () => number): Promise<Callee> {
		const endpoint = await SipEndpoint.open({listen: [{transport: 'udp+tcp', address, port: 0}]});
		return new Callee(endpoint, keys, nowMs);
	}

	/** Of SIP over TCP. */
	get port(): number {
		return this.#endpoint.localAddress('tcp').port;
	}

	/** The next offer after those that were there; undefined where none comes in time. */
	async offerAfter(count: number, timeoutMs = 20_000): Promise<ReceivedOffer | undefined> {
		const deadline = performance.now() + timeoutMs;
		while (this.offers.length <= count && performance.now() < deadline) {
			await inTime(
				new Promise<void>((resolve) => {
					this.#wake = resolve;
				}),
				100,
			);
		}

		return this.offers[count];
	}

	/** Answers an offer with a fresh key, or with the key that it came with. */
	async answer({incoming, party, opened}: ReceivedOffer, key: 'fresh' | 'that of the offer' = 'fresh'): Promise<void> {
		const line = cryptoOf(opened.sdp);
		const octets = key === 'fresh' ? freshKey(line.suite) : line.keyAndSalt;
		const sdp = answerTo(opened.sdp, {
			address: this.#address,
			session: `${randomBytes(4).readUInt32BE()} 1`,
			crypto: `${line.tag} ${line.suite} inline:${Buffer.from(octets).toString('base64')}`,
		});
		await this.#respond(incoming, party, opened, sdp);
		const dialog = Dialog.fromRequest(incoming.request, incoming.localTag);
		if (dialog.ok) {
			dialog.value.answerInvite(200);
			this.#sessions.set(header(incoming.request, 'Call-ID') ?? '', {
				party,
				dialog: dialog.value,
				sdp,
				version: 1,
			});
		}
	}

	/** Asks, in the dialog begun last, to be put on hold. The final status, or a code where there is none. */
	async hold(): Promise<number | string> {
		const session = [...this.#sessions.values()].at(-1);
		if (session === undefined) {
			return 'no dialog';
		}

		session.version++;
		const sdp = `${session.sdp.replace(/^(o=\S+ \S+) \d+/m, `$1 ${session.version}`)}a=sendonly\r\n`;
		const request = session.dialog.makeRequest('INVITE', {headers: [this.#contact]});
		const {party} = session;
		const sealed = await this.#keys.seal(request, sdp, {party, nowMs: this.#nowMs()});
		const outgoing = this.#endpoint.request(sealed, await this.#targetOf(session.dialog));
		const outcome = await outgoing.outcome;
		if (outcome.ok && outcome.value.status < 300) {
			outgoing.acknowledge(session.dialog.makeAck(sealed), await this.#targetOf(session.dialog));
		}

		return outcome.ok ? outcome.value.status : outcome.failure.code;
	}

	close(): Promise<void> {
		return this.#endpoint.close();
	}

	get #address(): string {
		return this.#endpoint.localAddress('tcp').address;
	}

	get #contact(): {readonly name: string; readonly value: string} {
		return {name: 'Contact', value: `<sip:callee@${this.#address}:${this.port};transport=tcp>`};
	}

	async #targetOf({nextHop}: Dialog) {
		const [, address = '', port = '5060'] = /@?([\d.]+):(\d+)/.exec(nextHop) ?? [];
		return {transport: 'tcp' as const, address, port: Number(port)};
	}

	async #receive(incoming: IncomingRequest): Promise<void> {
		const {request} = incoming;
		if (request.method !== 'INVITE') {
			incoming.respond(incoming.makeResponse(200, 'OK'));
			return;
		}

		const session = this.#sessions.get(header(request, 'Call-ID') ?? '');
		if (session !== undefined) {
			const opened = await this.#keys.open(request);
			session.version++;
			const [, crypto = ''] = /^a=crypto:(.*)$/m.exec(session.sdp) ?? [];
			const [, id = ''] = /^o=\S+ (\d+)/m.exec(session.sdp) ?? [];
			const parts = {address: this.#address, session: `${id} ${session.version}`, crypto: crypto.trim()};
			await this.#respond(incoming, session.party, opened, answerTo(opened.sdp, parts));
			return;
		}

		const {plan} = this;
		if (typeof plan === 'object') {
			incoming.respond(incoming.makeResponse(plan.status, plan.reason));
			return;
		}

		const to = parseNameAddr(header(request, 'To') ?? '');
		const aor = canonicalAor(to.ok ? to.value.uri : '');
		const offer = {incoming, party: aor.ok ? aor.value : '', opened: await this.#keys.open(request)};
		this.offers.push(offer);
		this.#wake();
		if (plan === 'answer') {
			await this.answer(offer);
		}
	}

	async #respond(incoming: IncomingRequest, party: string, {digest}: OpenedBody, sdp: string): Promise<void> {
		const response = incoming.makeResponse(200, 'OK', {headers: [this.#contact]});
		incoming.respond(await this.#keys.seal(response, sdp, {party, nowMs: this.#nowMs(), offerDigest: digest}));
	}
}
