import {z} from 'zod';
import {equalBytes} from '../../../base/bytes.js';
import {judgeRequest, type RequestAbilities} from '../../../wire/sip/judge-request.js';
import {judgeResponse} from '../../../wire/sip/judge-response.js';
import type {SipMessage} from '../../../wire/sip/message.js';
import {parseSipMessage} from '../../../wire/sip/parse-message.js';
import {SipStreamReader} from '../../../wire/sip/stream-reader.js';
import {parseSipUri} from '../../../wire/sip/uri.js';
import {writeSipMessage} from '../../../wire/sip/write-message.js';
import {
	allOf,
	defineFormat,
	expectValue,
	failed,
	passed,
	readCaseFile,
	type VectorFormat,
	type Verdict,
} from '../format.js';
import {SurvivingGateway} from './surviving-gateway.js';

const tortureCase = z.object({file: z.string(), section: z.string().optional(), expect: z.string()});
type TortureCase = z.infer<typeof tortureCase>;

/**
 * SIP messages that try readers (RFC 4475, RFC 5118): each gets the verdict that a strict user agent server gives it, and a
 * gateway that is sent it, by datagram and on a connection, is there afterwards.
 */
export const tortureFormat: VectorFormat = {
	family: 'sip',
	schema: 'sip-torture/1',
	async *check(document) {
		let gateway: SurvivingGateway | undefined;
		const format = defineFormat<TortureCase>({
			family: 'sip',
			schema: 'sip-torture/1',
			caseSchema: tortureCase,
			idOf: ({file}) => file,
			async tryCase(vector, folder) {
				const octets = await readCaseFile(folder, vector.file);
				gateway ??= await SurvivingGateway.start();
				const harm = await gateway.survives(octets);
				return allOf(judge(octets, vector.expect), harm === undefined ? passed : failed(harm));
			},
		});
		try {
			yield* format.check(document);
		} finally {
			await gateway?.close();
		}
	},
};

function judge(octets: Uint8Array, expected: string): Verdict {
	const {word, message} = verdictOf(octets);
	if (!isExpected(expected, word)) {
		return failed(`Expected ${expected}, got ${word}.`);
	}

	const [, host] = /parse as host ([\da-f:.]+), no port/i.exec(expected) ?? [];
	return allOf(
		host === undefined ? passed : expectTarget(message, host),
		message === undefined ? passed : expectStable(message),
		expectWhole(octets),
	);
}

/** What a strict user agent does: `accept`, `discard`, or the status of its answer. */
function verdictOf(octets: Uint8Array): {readonly word: string; readonly message?: SipMessage} {
	const parsed = parseSipMessage(octets);
	if (!parsed.ok) {
		return {word: String(parsed.failure.answerable?.status ?? 'discard')};
	}

	const message = parsed.value;
	const judged = message.kind === 'request' ? judgeRequest(message, abilities) : judgeResponse(message);
	return {word: judged.verdict === 'answer' ? String(judged.status) : judged.verdict, message};
}

/** "Must tolerate", "parse as", "or ignore" and "may be accepted" all want the message to be taken. */
function isExpected(expectation: string, word: string): boolean {
	return word === 'accept'
		? /accept|tolerate|parse as|ignore|fall back/.test(expectation)
		: new RegExp(`\\b${word}\\b`).test(expectation);
}

function expectTarget(message: SipMessage | undefined, host: string): Verdict {
	const uri = message?.kind === 'request' ? parseSipUri(message.uri) : undefined;
	return allOf(
		expectValue('a host of', uri?.ok ? uri.value.host.replace(/^\[|\]$/g, '') : undefined, host),
		uri?.ok && uri.value.port !== undefined ? failed(`Expected no port, got ${uri.value.port}.`) : passed,
	);
}

/** What was read and written reads as the same. */
function expectStable(message: SipMessage): Verdict {
	const written = writeSipMessage(message);
	const again = parseSipMessage(written);
	return again.ok && equalBytes(writeSipMessage(again.value), written)
		? passed
		: failed('Expected what is written to read as what was read, got another message.');
}

/** A stream gives the same, whether it comes at once or octet by octet. */
function expectWhole(octets: Uint8Array): Verdict {
	const atOnce = new SipStreamReader().push(octets);
	const reader = new SipStreamReader();
	const piecemeal = Array.from(octets).flatMap((octet) => reader.push(Uint8Array.of(octet)));
	return expectValue('a stream of octets to give', kindsOf(piecemeal), kindsOf(atOnce));
}

function kindsOf(events: readonly {readonly kind: string}[]): string {
	return events.map(({kind}) => kind).join(' ') || 'nothing yet';
}

const abilities: RequestAbilities = {
	methods: ['INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'REGISTER', 'MESSAGE'],
	extensions: ['100rel'],
	contentTypes: ['application/sdp', 'multipart/mixed', 'multipart/signed', 'application/pkcs7-mime'],
	answerType: 'application/sdp',
};
