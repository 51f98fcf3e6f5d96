import type {PortType} from './port-types.js';
import type {Template} from './template.js';
import type {ToolEffect} from './tool.js';

export type TemplateFault = {
	readonly code:
		| 'TEMPLATE_SYNTAX'
		| 'TEMPLATE_SCHEMA'
		| 'TEMPLATE_UNKNOWN_TOOL'
		| 'TEMPLATE_PARAMETERS'
		| 'TEMPLATE_STEP_TWICE'
		/** An input that nothing before the step provides, or one that the step does not have or lacks. */
		| 'TEMPLATE_INPUT'
		/** An input of another type than what is given to it. */
		| 'TEMPLATE_TYPE'
		/** Something opened or verified after the anti-replay step. */
		| 'TEMPLATE_VERIFY_AFTER_CLAIM'
		/** A check after keys were handed out. */
		| 'TEMPLATE_RELEASE_BEFORE_CHECK'
		/** A sealed body that is used without a signature that verified and a certificate that was checked. */
		| 'TEMPLATE_UNVERIFIED'
		/** Keys that are handed out without anti-replay. */
		| 'TEMPLATE_UNCLAIMED'
		/** A body that leaves with less protection than the template promises. */
		| 'TEMPLATE_UNPROTECTED'
		/** A release that gives nothing where it must, or too much. */
		| 'TEMPLATE_RELEASE';
	readonly line: number;
	readonly expected: string;
};

/** What a template may hand to the toolbox; nothing of it is key material. */
const releasable: readonly PortType[] = [
	'released-media',
	'proven-signer',
	'peer',
	'verified-content',
	'sealed-message',
	'open-message',
	'signed-entity',
];

/** Finds the first rule that a template breaks: what no run may find out. */
export function checkTemplate(template: Template): TemplateFault | undefined {
	const ports = new Map<string, PortType>([
		['message', 'message'],
		['peer', 'peer'],
	]);
	return checkSteps(template, ports) ?? checkOrder(template) ?? checkRelease(template, ports);
}

function checkSteps({steps}: Template, ports: Map<string, PortType>): TemplateFault | undefined {
	const names = new Set<string>();
	for (const {step, tool, in: sources, line} of steps) {
		if (names.has(step) || ports.has(step)) {
			return {code: 'TEMPLATE_STEP_TWICE', line, expected: `each step once, got ${step} again`};
		}

		names.add(step);
		const stray = Object.keys(sources).find((name) => !Object.hasOwn(tool.inputs, name));
		if (stray !== undefined) {
			return {code: 'TEMPLATE_INPUT', line, expected: `inputs of ${tool.name}, got ${stray}`};
		}

		for (const [name, type] of Object.entries(tool.inputs)) {
			const source = sources[name] ?? '';
			const given = ports.get(source);
			if (given === undefined) {
				return {code: 'TEMPLATE_INPUT', line, expected: `${step}.${name} from an earlier step, got "${source}"`};
			}

			if (given !== type) {
				return {code: 'TEMPLATE_TYPE', line, expected: `${type} for ${step}.${name}, got ${given}`};
			}
		}

		for (const [name, type] of Object.entries(tool.outputs)) {
			ports.set(`${step}.${name}`, type);
		}
	}

	return undefined;
}

/** Open, verify and check come before the claim, the claim before anything is handed out. */
function checkOrder({steps}: Template): TemplateFault | undefined {
	let hasClaimed = false;
	let hasMinted = false;
	for (const {tool, line} of steps) {
		if (hasClaimed && isOneOf(tool.effect, ['opens', 'verifies'])) {
			return {code: 'TEMPLATE_VERIFY_AFTER_CLAIM', line, expected: `${tool.name} before anti-replay`};
		}

		if (hasMinted && isOneOf(tool.effect, ['opens', 'verifies', 'checks', 'claims'])) {
			return {code: 'TEMPLATE_RELEASE_BEFORE_CHECK', line, expected: `${tool.name} before keys are handed out`};
		}

		if (tool.effect === 'mints' && !hasClaimed) {
			return {code: 'TEMPLATE_UNCLAIMED', line, expected: `anti-replay before ${tool.name}`};
		}

		hasClaimed ||= tool.effect === 'claims';
		hasMinted ||= tool.effect === 'mints';
	}

	return undefined;
}

function checkRelease(template: Template, ports: ReadonlyMap<string, PortType>): TemplateFault | undefined {
	const {direction, protection, steps, release, releaseLine: line} = template;
	const has = (effect: ToolEffect) => steps.some(({tool}) => tool.effect === effect);
	for (const [name, source] of Object.entries(release)) {
		const type = ports.get(source);
		if (type === undefined || !releasable.includes(type)) {
			return {code: 'TEMPLATE_RELEASE', line, expected: `${name} to be something that may be released, got ${source}`};
		}
	}

	const typeOf = (name: string) => ports.get(release[name] ?? '');
	if (direction === 'inbound') {
		if (protection === 'sealed' && (!has('verifies') || typeOf('signer') !== 'proven-signer')) {
			return {code: 'TEMPLATE_UNVERIFIED', line, expected: 'a sealed body to be verified and its signer checked'};
		}

		if (isOneOf(protection, ['sealed', 'sdes']) && !has('claims')) {
			return {code: 'TEMPLATE_UNCLAIMED', line, expected: 'anti-replay before the release'};
		}

		return protection !== 'none' && typeOf('media') !== 'released-media'
			? {code: 'TEMPLATE_RELEASE', line, expected: 'media in the release'}
			: undefined;
	}

	const message = typeOf('message');
	if (protection === 'sealed' && (message !== 'sealed-message' || !has('signs') || !has('encrypts'))) {
		return {code: 'TEMPLATE_UNPROTECTED', line, expected: 'the message to leave signed and encrypted'};
	}

	return message === 'sealed-message' || message === 'open-message'
		? undefined
		: {code: 'TEMPLATE_RELEASE', line, expected: 'a message in the release'};
}

function isOneOf<Value extends string>(value: Value, values: readonly Value[]): boolean {
	return values.includes(value);
}
