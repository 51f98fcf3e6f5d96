import test from 'ava';
import {type Challenged, Challenges, challengeHeader} from '#dist/trusted/toolbox/challenge/challenges.js';
import {type DigestAnswer, digestResponse, digestSecret} from '#dist/trusted/toolbox/challenge/digest.js';
import {Nonces} from '#dist/trusted/toolbox/challenge/nonces.js';
import {parseAuthentication} from '#dist/wire/sip/authentication.js';
import type {SipHeader, SipRequest} from '#dist/wire/sip/message.js';

const bob = 'sip:bob@biloxi.example.com';
const realm = 'biloxi.example.com';
const secrets = {
	'SHA-256': digestSecret('SHA-256', 'bob', realm, 'zanzibar'),
	MD5: digestSecret('MD5', 'bob', realm, 'zanzibar'),
};

test('the response to a challenge matches RFC 7616 §3.9.1', (t) => {
	const answer = {
		nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
		nonceCount: '00000001',
		clientNonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
		method: 'GET',
		uri: '/dir/index.html',
	};
	for (const [algorithm, expected] of [
		['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
		['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
	] as const) {
		const secret = digestSecret(algorithm, 'Mufasa', 'http-auth@example.org', 'Circle of Life');
		t.is(digestResponse(secret, {...answer, algorithm}), expected);
	}
});

function invite(headers: readonly SipHeader[] = [], body = 'body'): SipRequest {
	return {
		kind: 'request',
		method: 'INVITE',
		uri: 'sip:alice@gw.example.com',
		headers: [
			{name: 'From', value: `<${bob}>;tag=1`},
			{name: 'To', value: '<sip:alice@gw.example.com>'},
			{name: 'Call-ID', value: 'c'},
			{name: 'CSeq', value: '2 INVITE'},
			...headers,
		],
		body: Buffer.from(body),
	};
}

function answered(nonce: string, change: Partial<DigestAnswer> & {username?: string; secret?: string} = {}): SipHeader {
	const {username = 'bob', secret = secrets['SHA-256'], ...more} = change;
	const answer: DigestAnswer = {
		algorithm: 'SHA-256',
		nonce,
		nonceCount: '00000001',
		clientNonce: 'abc',
		method: 'INVITE',
		uri: 'sip:alice@gw.example.com',
		...more,
	};
	const value = [
		`Digest username="${username}"`,
		`realm="${realm}"`,
		`nonce="${nonce}"`,
		`uri="${answer.uri}"`,
		`response="${digestResponse(secret, answer)}"`,
		`algorithm=${answer.algorithm}`,
		`cnonce="${answer.clientNonce}"`,
		'qop=auth',
		`nc=${answer.nonceCount}`,
	].join(', ');
	return {name: 'Authorization', value};
}

function open() {
	const challenges = new Challenges([{identity: bob, username: 'bob', realm, secrets}], 60);
	const from: Challenged = {identity: bob, address: '198.51.100.66', acceptsMd5: false, signedHeaders: undefined};
	const judge = (headers: readonly SipHeader[], nowMs = 1000, more: Partial<Challenged> = {}, body?: string) =>
		challenges.judge(invite(headers, body), {...from, ...more}, nowMs);
	const asked = judge([]);
	const [header] = asked.kind === 'ask' ? asked.headers : [];
	const read = parseAuthentication(header?.value ?? '');
	return {judge, nonce: (read.ok && read.value.parameters.get('nonce')) || '', asked, challenges};
}

test('a digest challenge names realm, nonce, algorithm and qop, and MD5 only where policy accepts it', (t) => {
	const {asked, judge} = open();
	t.like(asked, {kind: 'ask', how: 'digest', headers: {length: 1}});
	const value = asked.kind === 'ask' ? asked.headers[0]?.value : '';
	t.regex(value ?? '', /^Digest realm="biloxi\.example\.com", nonce="[\da-f]{64}", algorithm=SHA-256, qop="auth"$/);
	const both = judge([], 1000, {acceptsMd5: true});
	t.deepEqual(both.kind === 'ask' ? both.headers.map(({value: text}) => /algorithm=([\w-]+)/.exec(text)?.[1]) : [], [
		'SHA-256',
		'MD5',
	]);
});

test('the right answer is taken, also with MD5 where that is accepted', (t) => {
	const {judge, nonce} = open();
	t.deepEqual(judge([answered(nonce)]), {kind: 'answered', by: 'digest'});
	const md5 = answered(nonce, {algorithm: 'MD5', secret: secrets.MD5, nonceCount: '00000002'});
	t.is(judge([md5]).kind, 'wrong');
	t.deepEqual(judge([md5], 1000, {acceptsMd5: true}), {kind: 'answered', by: 'digest'});
});

test('a wrong secret, name, method or target is wrong', (t) => {
	const {judge, nonce} = open();
	for (const wrong of [
		answered(nonce, {secret: digestSecret('SHA-256', 'bob', realm, 'guess')}),
		answered(nonce, {username: 'charles'}),
		answered(nonce, {method: 'BYE'}),
		answered(nonce, {uri: 'sip:zoe@gw.example.com'}),
		answered(nonce, {nonceCount: '1'}),
		{name: 'Authorization', value: answered(nonce).value.replace('qop=auth, ', '')},
		{name: 'Authorization', value: answered(nonce).value.replace(/response="[^"]+"/, 'response=""')},
	]) {
		t.is(judge([wrong]).kind, 'wrong', wrong.value);
	}

	for (const none of ['', 'Digest', 'Basic Ym9i', 'Digest realm="other"', `Digest ${'a=b,'.repeat(3000)}`]) {
		t.is(judge([{name: 'Authorization', value: none}]).kind, 'ask', none.slice(0, 20));
	}
});

test('an answer serves its time, its address and its message', (t) => {
	const {judge, nonce} = open();
	const answer = answered(nonce);
	const stale = judge([answer], 70_000);
	t.true(stale.kind === 'ask' && stale.headers[0]?.value.endsWith('stale=true'));
	t.is(judge([answer], 1000, {address: '203.0.113.9'}).kind, 'ask', 'a nonce for another address');
	t.is(judge([answered('00'.repeat(32))]).kind, 'ask', 'a nonce that we never made');
	t.is(judge([answer]).kind, 'answered');
	t.is(judge([answer]).kind, 'answered', 'the same message again is for the ledger');
	t.is(judge([answer], 1000, {}, 'another body').kind, 'ask', 'the counter was used for another message');
	t.is(judge([answered(nonce, {nonceCount: '00000002'})], 1000, {}, 'another body').kind, 'answered');
	t.is(judge([answer]).kind, 'ask', 'it has gone up');
});

test('a nonce that was signed is taken, of the right address and time alone', (t) => {
	const {challenges} = open();
	const from = {identity: 'trunk', address: '192.0.2.1', acceptsMd5: false};
	const asked = challenges.judge(invite(), {...from, signedHeaders: []}, 0);
	t.like(asked, {kind: 'ask', how: 'signature', headers: [{name: challengeHeader}]});
	const nonce = asked.kind === 'ask' ? (asked.headers[0]?.value ?? '') : '';
	const judge = (value: string, nowMs: number, address = from.address) =>
		challenges.judge(invite(), {...from, address, signedHeaders: [{name: challengeHeader, value}]}, nowMs).kind;
	t.is(judge(nonce, 1000), 'answered');
	t.is(judge(nonce, 61_000), 'ask');
	t.is(judge(nonce, 1000, '192.0.2.2'), 'ask');
	t.is(
		judge(
			nonce.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
			1000,
		),
		'ask',
	);
	const outside = invite([{name: challengeHeader, value: nonce}]);
	t.is(
		challenges.judge(outside, {...from, signedHeaders: []}, 1000).kind,
		'ask',
		'outside the signature it says nothing',
	);
});

test('nothing is kept of challenges that are not answered, and counters are bounded by time', (t) => {
	const nonces = new Nonces(60);
	const first = nonces.issue('a', 0);
	t.true(nonces.count(first, 1, 'x', 0));
	for (let count = 0; count < 99_999; count++) {
		nonces.count(`other ${count}`, 1, 'x', 0);
	}

	t.false(nonces.count('one too many', 1, 'x', 1000), 'full: refused, and none forgotten');
	t.false(nonces.count(first, 1, 'y', 1000));
	t.true(nonces.count('later', 1, 'x', 121_000));
});
