import {randomInt} from 'node:crypto';

/**
 * The addresses of one scenario on this machine: a network of its own in 127.0.0.0/8, in which each address of the
 * scenario has one of ours. Two that differ there differ here, and nothing but the address is changed: what the messages
 * say of themselves (Via, Contact, SDP, signed or not) stays as it is, so that an origin monitor that looks at them sees
 * what the scenario's author wrote, and one that looks at the transport sees its counterpart, one to one.
 */
export class AddressMap {
	readonly #prefix: string;
	readonly #byScenario = new Map<string, string>();

	constructor() {
		// Away from 127.0 and 127.1, which people use; two runs at a time do not meet.
		this.#prefix = `127.${randomInt(16, 255)}.${randomInt(0, 256)}`;
	}

	/** Where a sender of the scenario sends from. Throws `RangeError` beyond 199 of them. */
	sender(address: string): string {
		const known = this.#byScenario.get(address);
		if (known !== undefined) {
			return known;
		}

		const place = this.#byScenario.size + 1;
		if (place >= firstOfOurs) {
			throw new RangeError(`Expected fewer than ${firstOfOurs} addresses in a scenario.`);
		}

		const mapped = `${this.#prefix}.${place}`;
		this.#byScenario.set(address, mapped);
		return mapped;
	}

	/** Where the called parties are, and the callers that the harness adds. */
	get callee(): string {
		return `${this.#prefix}.${firstOfOurs}`;
	}

	get caller(): string {
		return `${this.#prefix}.${firstOfOurs + 1}`;
	}

	/** Where a gateway listens. @param index From 0. */
	node(index: number): string {
		return `${this.#prefix}.${firstOfOurs + 10 + index}`;
	}
}

const firstOfOurs = 200;
