import {MessageChannel} from 'node:worker_threads';
import type {ExecutionContext} from 'ava';
import {MediaClient} from '#dist/trusted/media/media-client.js';
import {MediaDomain} from '#dist/trusted/media/media-domain.js';
import type {KeyChannelReply, KeyChannelRequest} from '#dist/trusted/media/protocol.js';
import type {BridgeTicket, OwnKeyHandle, PeerKeyHandle} from '#dist/trusted/toolbox/protocol.js';
import {openPlane, type SharedKey} from './plane.js';

/** A toolbox that knows what the test gave it: single-use tickets and keys, each for one call. */
export class FakeToolbox {
	readonly requests: KeyChannelRequest[] = [];
	readonly #tickets = new Map<string, KeyChannelReply>();
	readonly #keys = new Map<string, SharedKey>();
	/** Lifetime of all keys; none: the maxima. */
	lifetimePackets: number | undefined;
	/** When false, requests stay without an answer. */
	answers = true;

	/** A ticket for the legs, with leave for plain RTP where the value is true. */
	ticket(name: string, legs: Readonly<Record<string, boolean>>): BridgeTicket {
		this.#tickets.set(name, {
			ok: true,
			legs: Object.entries(legs).map(([leg, clearAllowed]) => ({leg, clearAllowed})),
		});
		return name as BridgeTicket;
	}

	key(name: string, key: SharedKey): PeerKeyHandle & OwnKeyHandle {
		this.#keys.set(name, key);
		return name as PeerKeyHandle & OwnKeyHandle;
	}

	answer(request: KeyChannelRequest): KeyChannelReply {
		if (request.kind !== 'heard-from') {
			this.requests.push(request);
		}

		switch (request.kind) {
			case 'redeem-ticket': {
				const reply = this.#tickets.get(request.ticket);
				this.#tickets.delete(request.ticket);
				return reply ?? {ok: false, code: 'TICKET_UNKNOWN', message: 'Expected a ticket that was not used.'};
			}

			case 'redeem-peer-key':
			case 'redeem-own-key': {
				const key = this.#keys.get(request.key);
				this.#keys.delete(request.key);
				return key === undefined
					? {ok: false, code: 'HANDLE_UNKNOWN', message: 'Expected a handle that was not used.'}
					: {
							ok: true,
							slot: key.masterKey().deposit(),
							suite: key.suite,
							mki: new Uint8Array(),
							...(this.lifetimePackets !== undefined && {lifetimePackets: this.lifetimePackets}),
						};
			}

			case 'heard-from':
			case 'relay-ended':
				return {ok: true};
		}
	}
}

/** A media domain between a user port and a fake toolbox. */
export function openDomain(
	t: ExecutionContext,
	options: {readonly maxCalls?: number; readonly toolboxTimeoutMs?: number} = {},
) {
	const plane = openPlane(t);
	const toolbox = new FakeToolbox();
	const [user, keys] = [new MessageChannel(), new MessageChannel()];
	keys.port2.on('message', ({id, ...request}: KeyChannelRequest & {readonly id: number}) => {
		const reply = toolbox.answer(request);
		if (toolbox.answers) {
			keys.port2.postMessage({...reply, id});
		}
	});
	const domain = new MediaDomain({plane, user: user.port1, toolbox: keys.port1, ...options});
	let client: MediaClient | undefined;
	t.teardown(async () => {
		await domain.close();
		keys.port2.close();
	});
	return {
		plane,
		toolbox,
		domain,
		/** Only for whoever asks: it closes the port where something comes that answers nothing of its own. */
		get client(): MediaClient {
			client ??= new MediaClient(user.port2);
			return client;
		},
		userPort: user.port2,
		keyPort: keys.port2,
	};
}
