import type {SdpLine, SdpSection, SessionDescription} from './description.js';

export type MediaDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** Value of an `a=rtpmap` (RFC 8866 §6.6). */
export type RtpMap = {
	readonly payloadType: number;
	readonly encoding: string;
	readonly clockRate: number;
	/** Channels of audio; 1 where it says none. */
	readonly channels: number;
};

/** Values of every `a=name:value` of a section; the empty string for a bare `a=name`. Names compare exactly. */
export function attributeValues(section: SdpSection, name: string): string[] {
	return section.lines.filter((line) => isAttribute(line, name)).map(({value}) => value.slice(name.length + 1));
}

/** True when the section has `a=name` or `a=name:…`. */
export function hasAttribute(section: SdpSection, name: string): boolean {
	return section.lines.some((line) => isAttribute(line, name));
}

/**
 * A copy whose attributes `name` are `values`, in order: in the place of the first of them, or last. An empty string
 * makes a bare `a=name`.
 */
export function withAttributes<Section extends SdpSection>(
	section: Section,
	name: string,
	values: readonly string[],
): Section {
	const first = section.lines.findIndex((line) => isAttribute(line, name));
	const others = section.lines.filter((line) => !isAttribute(line, name));
	const lines = values.map((value) => ({type: 'a', value: value === '' ? name : `${name}:${value}`}));
	return {...section, lines: others.toSpliced(first === -1 ? others.length : first, 0, ...lines)};
}

/** A copy without the attributes `name`. */
export function withoutAttribute<Section extends SdpSection>(section: Section, name: string): Section {
	return withAttributes(section, name, []);
}

/** Direction of a media section: its own, the session's, or sendrecv (RFC 8866 §6.7). */
export function directionOf(description: SessionDescription, section: SdpSection): MediaDirection {
	for (const {lines} of [section, description]) {
		const found = directions.find((direction) => lines.some((line) => isAttribute(line, direction)));
		if (found) {
			return found;
		}
	}

	return 'sendrecv';
}

/** A copy with that direction and no other. */
export function withDirection<Section extends SdpSection>(section: Section, direction: MediaDirection): Section {
	const others = section.lines.filter((line) => !directions.some((name) => isAttribute(line, name)));
	return {...section, lines: [...others, {type: 'a', value: direction}]};
}

/** Every readable `a=rtpmap` of a section, in order. */
export function rtpMaps(section: SdpSection): RtpMap[] {
	return attributeValues(section, 'rtpmap').flatMap((value) => {
		const match = rtpMapPattern.exec(value);
		const [, payloadType, encoding, clockRate, channels = '1'] = match ?? [];
		return encoding !== undefined && Number(payloadType) < 128
			? [{payloadType: Number(payloadType), encoding, clockRate: Number(clockRate), channels: Number(channels)}]
			: [];
	});
}

/** Format parameters of a payload type (RFC 8866 §6.15); undefined where there are none. */
export function formatParameters(section: SdpSection, format: string): string | undefined {
	const found = attributeValues(section, 'fmtp').find((value) => value.startsWith(`${format} `));
	return found?.slice(format.length + 1);
}

function isAttribute({type, value}: SdpLine, name: string): boolean {
	return type === 'a' && value.startsWith(name) && (value.length === name.length || value[name.length] === ':');
}

const directions: readonly MediaDirection[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];
const rtpMapPattern = /^(\d{1,3})[ \t]+([^\s/]+)\/(\d{1,9})(?:\/(\d{1,3}))?[ \t]*$/;
