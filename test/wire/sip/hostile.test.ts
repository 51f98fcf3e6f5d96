import {readFileSync} from 'node:fs';
import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {
	judgeRequest,
	judgeResponse,
	makeResponse,
	parseSipFragment,
	parseSipMessage,
	SipStreamReader,
	writeSipMessage,
} from '#dist/wire/sip/index.js';
import {runs} from '../../profile.js';
import {fastestMs} from '../fastest-ms.js';

type Case = {readonly lines: readonly string[]};
const {cases}: {readonly cases: readonly Case[]} = JSON.parse(readFileSync('test/vectors/sip-messages.json', 'utf8'));
const corpus = cases.map(({lines}) => Buffer.from(lines.join('\r\n'), 'utf8'));

/** Everything that happens to a stranger's octets; gives back what would be written, if anything. */
function digest(octets: Uint8Array): Buffer | undefined {
	new SipStreamReader().push(octets);
	parseSipFragment(octets);
	const parsed = parseSipMessage(octets);
	if (!parsed.ok) {
		const answer = parsed.failure.answerable;
		return answer && writeSipMessage(makeResponse(answer.request, answer.status, answer.reason, {toTag: 't'}));
	}

	const message = parsed.value;
	if (message.kind === 'request') {
		judgeRequest(message, {methods: ['INVITE'], extensions: [], contentTypes: [], answerType: 'application/sdp'});
		writeSipMessage(makeResponse(message, 400, 'Bad Request', {toTag: 't'}));
	} else {
		judgeResponse(message);
	}

	return writeSipMessage(message);
}

const mutated = fc
	.tuple(
		fc.constantFrom(...corpus),
		fc.array(fc.tuple(fc.nat(), fc.constantFrom('set', 'delete', 'repeat', 'insert'), fc.nat(255), fc.nat(64)), {
			minLength: 1,
			maxLength: 8,
		}),
	)
	.map(([octets, changes]) => {
		let text = octets.toString('latin1');
		for (const [place, kind, value, length] of changes) {
			const at = place % (text.length + 1);
			const character = String.fromCharCode(value);
			const piece =
				kind === 'set' || kind === 'delete'
					? ''
					: kind === 'insert'
						? character.repeat(length)
						: text.slice(at, at + length).repeat(2);
			const skipped = kind === 'insert' ? 0 : kind === 'set' ? 1 : length;
			text = text.slice(0, at) + (kind === 'set' ? character : piece) + text.slice(at + skipped);
		}

		return Buffer.from(text, 'latin1');
	});

testProp(
	'A mutated message never throws, and what it is taken for is written the same again',
	[mutated],
	(t, octets) => {
		const once = digest(octets);
		if (once) {
			t.deepEqual(digest(once), once);
		}

		t.pass();
	},
	runs(2000),
);

testProp('Random octets never throw', [fc.uint8Array({maxLength: 600})], (t, octets) => {
	digest(octets);
	t.pass();
});

const head =
	'OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n';
const worst: readonly (readonly [string, string])[] = [
	['a header of blanks', `${head}X: a${' '.repeat(64_000)}b`],
	['a name before blanks', `${head}${`X${' '.repeat(8000)}: b\r\n`.repeat(8)}`],
	['folds', `${head}X: a${'\r\n '.repeat(20_000)}`],
	['folded blanks', `${head}${`X: a${' '.repeat(8000)}\r\n b\r\n`.repeat(8)}`],
	['short headers', `${head}${'a:b\r\n'.repeat(13_000)}`],
	['lines without colon', `${head}${'x\r\n'.repeat(20_000)}`],
	['line ends', '\r\n'.repeat(32_000)],
	['carriage returns', `${head}X: ${'\r'.repeat(60_000)}`],
	['open quotes', `${head}${`Contact: ${'"'.repeat(7999)}\r\n`.repeat(8)}`],
	['quoted pairs', `${head}${`Contact: "${'\\"'.repeat(3990)}\r\n`.repeat(8)}`],
	['brackets', `${head}${`Contact: ${'<'.repeat(8000)}\r\n`.repeat(8)}`],
	['commas', `${head}${`Route: ${','.repeat(8000)}\r\n`.repeat(8)}`],
	['parameters', `${head}${`Contact: <sip:a@b>${';a=b'.repeat(1900)}\r\n`.repeat(8)}`],
	['words before a bracket', `${head}${`Contact: ${'a '.repeat(3900)}"<sip:a@b>\r\n`.repeat(8)}`],
	['hops', `${head}${`Via: SIP/2.0/UDP h${',SIP/2.0/UDP h'.repeat(500)}\r\n`.repeat(8)}`],
	['blanks in a Via', `${head}${`Via: SIP${' '.repeat(3000)}/${' '.repeat(3000)}x\r\n`.repeat(8)}`],
	['a host of dots', head.replace('sip:a@b', `sip:${'a.'.repeat(4000)}!`)],
	['a start line of blanks', `INVITE ${' '.repeat(64_000)}`],
	['a method of 64 KiB', 'A'.repeat(65_000)],
];

for (const [title, text] of worst) {
	test(`64 KiB of ${title} are done with in bounded time`, (t) => {
		const octets = Buffer.from(`${text}\r\n\r\n`.slice(-65_536), 'latin1');
		// A quadratic reader takes seconds here; this one a few milliseconds, on a machine that does other things too.
		t.true(fastestMs(() => digest(octets)) < 250);
	});
}

test('A sealed INVITE of 2 kB is read in well under 100 µs', (t) => {
	const body = Buffer.alloc(1500, 0xa5);
	const invite = Buffer.concat([
		Buffer.from(
			`${head.replaceAll('OPTIONS', 'INVITE')}Max-Forwards: 70\r\nContact: <sip:bob@192.0.2.1:5060>\r\nContent-Type: application/pkcs7-mime; smime-type=authEnveloped-data; name=smime.p7m\r\nContent-Disposition: session;handling=required\r\nContent-Length: ${body.length}\r\n\r\n`,
		),
		body,
	]);
	const samples = Array.from({length: 2000}, () => {
		const start = performance.now();
		parseSipMessage(invite);
		return performance.now() - start;
	}).sort((a, b) => a - b);
	t.true((samples[1000] ?? 1) < 0.1);
});
