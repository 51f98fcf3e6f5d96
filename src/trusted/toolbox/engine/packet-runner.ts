import type {Association} from './association.js';
import {Engine, type EngineOutcome} from './engine.js';
import type {Template} from './template.js';

/** Feeds octets to a template about octets, in one direction of one association. */
export class PacketRunner {
	readonly #template: Template;
	readonly #association: Association;
	readonly #engine = new Engine({uniformFailureMs: 1});

	/** Throws `TypeError` where the template is about messages. */
	constructor(template: Template, association: Association) {
		if (template.about !== 'octets') {
			throw new TypeError(`Expected a template about octets, got ${template.name}.`);
		}

		this.#template = template;
		this.#association = association;
	}

	/** Protects octets that leave, or opens a packet that came: whichever the template does. */
	run(octets: Uint8Array, nowMs: number): Promise<EngineOutcome> {
		const association = this.#association;
		const start = this.#template.direction === 'inbound' ? {packet: octets, association} : {octets, association};
		return this.#engine.runOctets(this.#template, start, {nowMs});
	}
}

/** The octets of a release; undefined where it was denied. */
export function releasedOctets(outcome: EngineOutcome): Uint8Array | undefined {
	return outcome.ok
		? (outcome.release.get('packet', 'protected-packet') ?? outcome.release.get('octets', 'granted-octets'))
		: undefined;
}
