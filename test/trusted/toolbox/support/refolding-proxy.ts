import type {SipMessage} from '#dist/wire/sip/message.js';
import {parseSipMessage} from '#dist/wire/sip/parse-message.js';
import {writeSipMessage} from '#dist/wire/sip/write-message.js';

/** A proxy of the kind that reads headers and writes them anew: every octet of the head changes, none of the body. */
export function passThroughProxy<Message extends SipMessage>(message: Message): Message {
	const octets = writeSipMessage(message);
	const end = octets.indexOf('\r\n\r\n');
	const [startLine = '', ...lines] = octets.subarray(0, end).toString('utf8').split('\r\n');
	const headers = lines.map(rewrite).toReversed();
	const via = 'v: SIP/2.0/UDP 203.0.113.5;branch=z9hG4bK-proxy';
	const head = [startLine, via, 'Record-Route:\r\n <sip:203.0.113.5;lr>', ...headers].join('\r\n');
	const parsed = parseSipMessage(Buffer.concat([Buffer.from(head), octets.subarray(end)]));
	if (!parsed.ok) {
		throw new Error(`Expected a message, got ${parsed.failure.code} from ${head}.`);
	}

	return parsed.value as Message;
}

/** One header with another spelling of its name, folded before and after every semicolon, with blanks at its end. */
function rewrite(line: string): string {
	const colon = line.indexOf(':');
	const name = line.slice(0, colon).toLowerCase();
	const value = line.slice(colon + 1).trim();
	const folded = /^(?:content-type|content-disposition|content-transfer-encoding|from|to|contact)$/.test(name)
		? value.replaceAll(/;(?=(?:[^"]*"[^"]*")*[^"]*$)(?![^<]*>)/g, '\r\n\t;\r\n  ')
		: value;
	return `${compactForms.get(name) ?? name.toUpperCase()} :\t${folded} \t`;
}

const compactForms: ReadonlyMap<string, string> = new Map([
	['content-type', 'c'],
	['content-length', 'l'],
	['call-id', 'I'],
	['from', 'f'],
	['to', 'T'],
	['contact', 'm'],
]);
