import {readFileSync} from 'node:fs';
import test from 'ava';
import {
	judgeRequest,
	judgeResponse,
	makeResponse,
	parseSipMessage,
	type RequestAbilities,
	writeSipMessage,
} from '#dist/wire/sip/index.js';
import {listShared, readShared, sharedPath, testWithShared} from '../shared-vectors.js';

type Expectation =
	| {readonly verdict: 'accept' | 'answer' | 'discard'; readonly status?: number; readonly code?: string}
	| {readonly failure: string; readonly status: number | null};
type OwnCase = {
	readonly id: string;
	readonly source: string;
	readonly lines: readonly string[];
	readonly transport?: 'stream';
	readonly expect: Expectation;
};

const abilities: RequestAbilities = {
	methods: ['INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'REGISTER', 'MESSAGE'],
	extensions: ['100rel'],
	contentTypes: ['application/sdp', 'multipart/mixed', 'multipart/signed', 'application/pkcs7-mime'],
	answerType: 'application/sdp',
};

const own: {readonly cases: readonly OwnCase[]} = JSON.parse(readFileSync('test/vectors/sip-messages.json', 'utf8'));

for (const {id, source, lines, transport, expect} of own.cases) {
	test(`The message "${id}" gets the verdict that ${source} asks for`, (t) => {
		const octets = Buffer.from(lines.join('\r\n'), 'utf8');
		t.deepEqual(outcome(octets, transport ?? 'datagram'), {status: null, code: null, ...expect});
	});
}

/** What a strict user agent does with the octets, in the words of the vector file. */
function outcome(octets: Uint8Array, transport: 'datagram' | 'stream'): object {
	const parsed = parseSipMessage(octets, {transport});
	if (!parsed.ok) {
		return {failure: parsed.failure.code, status: parsed.failure.answerable?.status ?? null, code: null};
	}

	const judged = parsed.value.kind === 'request' ? judgeRequest(parsed.value, abilities) : judgeResponse(parsed.value);
	return {
		verdict: judged.verdict,
		status: judged.verdict === 'answer' ? judged.status : null,
		code: judged.verdict === 'accept' ? null : judged.code,
	};
}

type TortureCase = {readonly file: string; readonly section: string; readonly expect: string};

/** The one word or status of an outcome, as the torture suites speak of them. */
function word(octets: Uint8Array): string {
	const parsed = parseSipMessage(octets);
	if (!parsed.ok) {
		return String(parsed.failure.answerable?.status ?? 'discard');
	}

	const judged = parsed.value.kind === 'request' ? judgeRequest(parsed.value, abilities) : judgeResponse(parsed.value);
	return judged.verdict === 'answer' ? String(judged.status) : judged.verdict;
}

function isExpected(expectation: string, actual: string): boolean {
	// "must tolerate", "parse as", "or ignore" and "may be accepted" all want the message to be taken.
	const isLenient = /accept|tolerate|parse as|ignore|fall back/.test(expectation);
	return actual === 'accept' ? isLenient : expectation.includes(actual);
}

for (const suite of ['rfc4475', 'rfc5118']) {
	const torture = readShared<{readonly cases: readonly TortureCase[]}>('sip', suite, 'expected.json')?.cases ?? [];
	const withTorture = testWithShared(['sip', suite, 'expected.json']);

	withTorture(`Every message of ${suite} gets a verdict that its suite allows`, (t) => {
		for (const {file, expect} of torture) {
			const actual = word(readFileSync(sharedPath('sip', suite, file)));
			t.true(isExpected(expect, actual), `${file}: expected ${expect}, got ${actual}`);
		}
	});
}

const sealed = listShared('sipsmime').filter((name) => name.endsWith('.sip'));
const withSealed = testWithShared(['sipsmime']);

withSealed('Every sealed message of the S/MIME vectors comes back octet for octet', (t) => {
	for (const file of sealed) {
		const octets = readFileSync(sharedPath('sipsmime', file));
		const parsed = parseSipMessage(octets);
		t.true(parsed.ok, file);
		if (parsed.ok) {
			t.deepEqual(writeSipMessage(parsed.value), octets, file);
		}
	}
});

test('An answer to a broken request carries what the request could still say', (t) => {
	const broken = own.cases.find(({id}) => id === 'blank-in-request-uri');
	const parsed = parseSipMessage(Buffer.from(broken?.lines.join('\r\n') ?? ''));
	t.false(parsed.ok);
	if (!parsed.ok && parsed.failure.answerable) {
		const {request, status, reason} = parsed.failure.answerable;
		const answer = writeSipMessage(makeResponse(request, status, reason, {toTag: 't1'})).toString('latin1');
		t.is(
			answer,
			[
				'SIP/2.0 400 Bad Request',
				'Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKa1',
				'From: <sip:bob@example.net>;tag=b1',
				'To: <sip:alice@example.org>;tag=t1',
				'Call-ID: one@192.0.2.10',
				'CSeq: 1 INVITE',
				'Content-Length: 0',
				'',
				'',
			].join('\r\n'),
		);
	}
});
