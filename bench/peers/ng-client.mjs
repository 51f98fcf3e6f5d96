import {randomBytes} from 'node:crypto';
import {createSocket} from 'node:dgram';

/** Asks rtpengine over its ng protocol: a cookie, a space and a bencoded dictionary in a datagram, answered alike. */
export class NgClient {
	#socket = createSocket('udp4');
	#port;
	#waiting = new Map();

	constructor(port) {
		this.#port = port;
		this.#socket.on('message', (message) => {
			const space = message.indexOf(' ');
			const cookie = message.toString('latin1', 0, space);
			this.#waiting.get(cookie)?.(decode(message.subarray(space + 1)));
			this.#waiting.delete(cookie);
		});
	}

	/** Rejects when there is no answer within `timeoutMs`, or one whose result is neither `ok` nor `pong`. */
	async ask(request, timeoutMs = 5000) {
		const cookie = randomBytes(8).toString('hex');
		const answer = await new Promise((resolve, reject) => {
			const timer = setTimeout(() => {
				this.#waiting.delete(cookie);
				reject(new Error(`Expected an answer of rtpengine within ${timeoutMs} ms.`));
			}, timeoutMs);
			this.#waiting.set(cookie, (reply) => {
				clearTimeout(timer);
				resolve(reply);
			});
			this.#socket.send(`${cookie} ${encode(request)}`, this.#port, '127.0.0.1');
		});
		if (answer.result !== 'ok' && answer.result !== 'pong') {
			throw new Error(`Expected rtpengine to agree, got ${answer['error-reason'] ?? answer.result}.`);
		}

		return answer;
	}

	close() {
		this.#socket.close();
	}
}

/** Bencode of strings, integers, lists and dictionaries. */
export function encode(value) {
	if (typeof value === 'string') {
		return `${Buffer.byteLength(value)}:${value}`;
	}

	if (typeof value === 'number') {
		return `i${value}e`;
	}

	if (Array.isArray(value)) {
		return `l${value.map(encode).join('')}e`;
	}

	const keys = Object.keys(value).toSorted();
	return `d${keys.map((key) => encode(key) + encode(value[key])).join('')}e`;
}

/** The first value of `octets`. */
export function decode(octets) {
	const text = octets.toString('latin1');
	let at = 0;
	const until = (end) => {
		const from = at;
		at = text.indexOf(end, from) + 1;
		if (at === 0) {
			throw new Error('Expected bencode.');
		}

		return text.slice(from, at - 1);
	};
	const next = () => {
		const kind = text[at];
		if (kind === 'i') {
			at++;
			return Number(until('e'));
		}

		if (kind === 'l' || kind === 'd') {
			at++;
			const values = [];
			while (text[at] !== 'e') {
				values.push(next());
			}

			at++;
			return kind === 'l' ? values : Object.fromEntries(pairs(values));
		}

		const length = Number(until(':'));
		at += length;
		return text.slice(at - length, at);
	};
	return next();
}

function pairs(values) {
	return Array.from({length: values.length / 2}, (_, index) => [values[2 * index], values[2 * index + 1]]);
}
