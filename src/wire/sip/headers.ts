import {splitList} from './grammar.js';
import {canonicalHeaderName, isListHeader} from './header-names.js';
import type {SipHeader, SipMessage} from './message.js';

type Headed = {readonly headers: readonly SipHeader[]};

/** Value of the first header of that name (any case, compact form allowed); undefined where there is none. */
export function header(message: Headed, name: string): string | undefined {
	const key = canonicalHeaderName(name).toLowerCase();
	return message.headers.find((candidate) => isNamed(candidate, key))?.value;
}

/**
 * Every value of that name in the order sent. Where the header is a list (Via, Route, Contact, Allow …) the values of
 * one line are separated; an empty element stays as an empty string.
 */
export function headerValues(message: Headed, name: string): string[] {
	const canonical = canonicalHeaderName(name);
	const key = canonical.toLowerCase();
	const lines = message.headers.filter((candidate) => isNamed(candidate, key)).map(({value}) => value);
	if (!isListHeader(canonical)) {
		return lines;
	}

	// An empty list header (`Supported:`) has no values; RFC 3261 §20 allows it for Accept, Allow, Supported and such.
	return lines.flatMap((value) => (value === '' ? [] : splitList(value)));
}

/** A copy in which `name` occurs once, with `value`: in the place of its first occurrence, or last. */
export function withHeader<Message extends SipMessage>(message: Message, name: string, value: string): Message {
	const canonical = canonicalHeaderName(name);
	const key = canonical.toLowerCase();
	const index = message.headers.findIndex((candidate) => isNamed(candidate, key));
	if (index === -1) {
		return {...message, headers: [...message.headers, {name: canonical, value}]};
	}

	const headers = message.headers
		.with(index, {name: canonical, value})
		.filter((candidate, position) => position <= index || !isNamed(candidate, key));
	return {...message, headers};
}

/** A copy with one more header, before all others (a Via, a Record-Route). */
export function withHeaderFirst<Message extends SipMessage>(message: Message, name: string, value: string): Message {
	return {...message, headers: [{name: canonicalHeaderName(name), value}, ...message.headers]};
}

/** A copy with one more header, after all others. */
export function withHeaderLast<Message extends SipMessage>(message: Message, name: string, value: string): Message {
	return {...message, headers: [...message.headers, {name: canonicalHeaderName(name), value}]};
}

/** A copy without any header of that name. */
export function withoutHeader<Message extends SipMessage>(message: Message, name: string): Message {
	const key = canonicalHeaderName(name).toLowerCase();
	return {...message, headers: message.headers.filter((candidate) => !isNamed(candidate, key))};
}

/**
 * A copy with another body: all `Content-*` headers of the old one go, `contentHeaders` come in, and Content-Length
 * is set.
 */
export function withBody<Message extends SipMessage>(
	message: Message,
	body: Uint8Array,
	contentHeaders: readonly SipHeader[],
): Message {
	const kept = message.headers.filter(({name}) => !/^content-/i.test(name));
	const headers = [...kept, ...contentHeaders, {name: 'Content-Length', value: String(body.length)}];
	return {...message, headers, body};
}

function isNamed(candidate: SipHeader, lowerCaseName: string): boolean {
	return candidate.name.length === lowerCaseName.length && candidate.name.toLowerCase() === lowerCaseName;
}
