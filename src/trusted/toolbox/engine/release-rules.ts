import type {PortType} from './port-types.js';
import type {Template} from './template.js';
import type {TemplateFault} from './template-rules.js';
import type {ToolEffect} from './tool.js';

/** What a template may hand to the toolbox; nothing of it is key material. */
const releasable: readonly PortType[] = [
	'released-media',
	'proven-signer',
	'registrant',
	'peer',
	'verified-content',
	'sealed-message',
	'signed-message',
	'open-message',
	'signed-entity',
	'protected-packet',
	'granted-octets',
];

/** The release says only what it may, and has been protected or checked as the template promises. */
export function checkRelease(template: Template, ports: ReadonlyMap<string, PortType>): TemplateFault | undefined {
	const {about, direction, protection, accepts, release, releaseLine: line} = template;
	for (const [name, source] of Object.entries(release)) {
		const type = ports.get(source);
		if (type === undefined || !releasable.includes(type)) {
			return {code: 'TEMPLATE_RELEASE', line, expected: `${name} to be something that may be released, got ${source}`};
		}
	}

	if ((about === 'octets') !== (protection === 'packet')) {
		return {code: 'TEMPLATE_UNPROTECTED', line, expected: 'the protection `packet` of octets, and of nothing else'};
	}

	if (isOneOf(protection, ['none', 'registration', 'packet']) && accepts.length > 0) {
		return {code: 'TEMPLATE_UNPROTECTED', line, expected: `no content types under the protection ${protection}`};
	}

	return direction === 'inbound' ? checkInbound(template, ports) : checkOutbound(template, ports);
}

function checkInbound(template: Template, ports: ReadonlyMap<string, PortType>): TemplateFault | undefined {
	const {protection, release, releaseLine: line} = template;
	const typeOf = (name: string) => ports.get(release[name] ?? '');
	const isSigned = isOneOf(protection, ['sealed', 'signed']);
	if (isSigned && (!has(template, 'verifies') || typeOf('signer') !== 'proven-signer')) {
		return {code: 'TEMPLATE_UNVERIFIED', line, expected: 'a signed body to be verified and its signer checked'};
	}

	if (isSigned && !has(template, 'binds')) {
		return {code: 'TEMPLATE_UNBOUND', line, expected: 'a signed body to be compared with the headers of its message'};
	}

	if (isOneOf(protection, ['sealed', 'signed', 'sdes', 'packet']) && !has(template, 'claims')) {
		return {code: 'TEMPLATE_UNCLAIMED', line, expected: 'anti-replay before the release'};
	}

	if (protection === 'registration') {
		return typeOf('registrant') === 'registrant'
			? undefined
			: {code: 'TEMPLATE_RELEASE', line, expected: 'a registrant that has authenticated in the release'};
	}

	if (protection === 'packet') {
		return typeOf('octets') === 'granted-octets'
			? undefined
			: {code: 'TEMPLATE_RELEASE', line, expected: 'octets in the release'};
	}

	return isOneOf(protection, ['sealed', 'sdes', 'clear']) && typeOf('media') !== 'released-media'
		? {code: 'TEMPLATE_RELEASE', line, expected: 'media in the release'}
		: undefined;
}

function checkOutbound(template: Template, ports: ReadonlyMap<string, PortType>): TemplateFault | undefined {
	const {protection, release, releaseLine: line} = template;
	const message = ports.get(release['message'] ?? '');
	switch (protection) {
		case 'sealed':
			return message === 'sealed-message' && has(template, 'signs') && has(template, 'encrypts')
				? undefined
				: {code: 'TEMPLATE_UNPROTECTED', line, expected: 'the message to leave signed and encrypted'};
		case 'signed':
			return message === 'sealed-message' || message === 'signed-message'
				? undefined
				: {code: 'TEMPLATE_UNPROTECTED', line, expected: 'the message to leave signed'};
		case 'packet':
			return ports.get(release['packet'] ?? '') === 'protected-packet' && has(template, 'encrypts')
				? undefined
				: {code: 'TEMPLATE_UNPROTECTED', line, expected: 'the packet to leave encrypted and with a tag'};
		default:
			return message !== undefined && isOneOf(message, ['sealed-message', 'signed-message', 'open-message'])
				? undefined
				: {code: 'TEMPLATE_RELEASE', line, expected: 'a message in the release'};
	}
}

function has({steps}: Template, effect: ToolEffect): boolean {
	return steps.some(({tool}) => tool.effect === effect);
}

/** True where a value is among several. */
export function isOneOf<Value extends string>(value: Value, values: readonly Value[]): boolean {
	return values.includes(value);
}
