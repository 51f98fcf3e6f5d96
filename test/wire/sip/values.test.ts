import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {
	canonicalAor,
	parameterValue,
	parseCSeq,
	parseNameAddr,
	parseSipDate,
	parseSipUri,
	parseVia,
	uriScheme,
	withParameter,
	writeNameAddr,
	writeSipDate,
	writeSipUri,
	writeVia,
} from '#dist/wire/sip/index.js';

test('A SIP URI is taken apart', (t) => {
	const parsed = parseSipUri('SIPS:al%69ce;x=1:secret@[2001:db8::1]:5061;transport=tcp;lr?Subject=a&Route=b');
	t.deepEqual(parsed, {
		ok: true,
		value: {
			scheme: 'sips',
			user: 'al%69ce;x=1',
			password: 'secret',
			host: '2001:db8::1',
			port: 5061,
			params: [{name: 'transport', value: 'tcp'}, {name: 'lr'}],
			headers: 'Subject=a&Route=b',
		},
	});
	t.is(
		parsed.ok ? writeSipUri(parsed.value) : '',
		'sips:al%69ce;x=1:secret@[2001:db8::1]:5061;transport=tcp;lr?Subject=a&Route=b',
	);
});

for (const text of [
	'sip:',
	'sip:@example.org',
	'sip:a@b@example.org',
	'sip:a@',
	'sip:a b@example.org',
	'sip:a%2@example.org',
	'sip:a@example.org:0',
	'sip:a@example.org:65536',
	'sip:a@example.org:',
	'sip:a@300.1.1.1',
	'sip:a@[::1',
	'sip:a@[::g]',
	'sip:a@::1',
	'sip:a@example.org;lr;lr',
	'sip:a@example.org;;lr',
	'sip:a@-x.example.org',
	'tel:+15550100',
	'<sip:a@example.org>',
]) {
	test(`"${text}" is no SIP URI`, (t) => {
		const parsed = parseSipUri(text);
		t.is(parsed.ok ? 'ok' : parsed.failure.code, 'BAD_URI');
	});
}

test('Equal addresses of record have one canonical form', (t) => {
	const aor = (text: string) => {
		const parsed = parseSipUri(text);
		return parsed.ok ? canonicalAor(parsed.value) : '';
	};
	t.is(aor('sip:Alice@Atlanta.Example.COM:5060;transport=tcp'), 'sip:Alice@atlanta.example.com');
	t.is(aor('sips:%41lice:pw@atlanta.example.com.'), 'sip:Alice@atlanta.example.com');
	t.is(aor('sip:alice@atlanta.example.com'), 'sip:alice@atlanta.example.com');
	t.is(aor('sip:a%40b%3a%00@example.com'), 'sip:a%40b%3A%00@example.com');
	t.is(aor('sip:[2001:DB8:0:0::1]'), 'sip:[2001:db8::1]');
});

testProp('Any IPv6 address has a canonical form that reads as itself', [fc.ipV6()], (t, address) => {
	const parsed = parseSipUri(`sip:[${address}]`);
	const canonical = parsed.ok ? canonicalAor(parsed.value) : '';
	const again = parseSipUri(canonical);
	t.is(again.ok ? canonicalAor(again.value) : undefined, canonical);
});

test('The scheme of any URI is read in lower case', (t) => {
	t.is(uriScheme('TEL:+1'), 'tel');
	t.is(uriScheme('urn:service:sos'), 'urn');
	t.is(uriScheme('no uri'), undefined);
	t.is(uriScheme(':x'), undefined);
});

test('An address is taken apart and written back', (t) => {
	const parsed = parseNameAddr('"A \\"B\\" \\\\ C" <sip:a@b;lr> ; tag = x1 ;\tq=0.3;ext="a;b"');
	t.true(parsed.ok);
	if (parsed.ok) {
		t.is(parsed.value.displayName, 'A "B" \\ C');
		t.is(parsed.value.uri, 'sip:a@b;lr');
		t.is(parsed.value.tag, 'x1');
		t.is(parameterValue(parsed.value.params, 'ext'), 'a;b');
		t.is(writeNameAddr(parsed.value), '"A \\"B\\" \\\\ C" <sip:a@b;lr>;tag=x1;q=0.3;ext="a;b"');
		t.is(parameterValue(withParameter(parsed.value.params, 'tag', 'x2'), 'tag'), 'x2');
		t.is(withParameter(parsed.value.params, 'new').at(-1)?.name, 'new');
	}
});

test('Without brackets the parameters are the header’s', (t) => {
	const parsed = parseNameAddr('sip:a@b;user=phone');
	t.deepEqual(parsed, {ok: true, value: {displayName: '', uri: 'sip:a@b', params: [{name: 'user', value: 'phone'}]}});
});

for (const text of [
	'',
	'<>',
	'<sip:a@b',
	'sip:a@b>',
	'a "b" <sip:a@b>',
	'"a <sip:a@b>',
	'sip:a@b?x=y',
	'<sip:a@b>;tag=',
	'<sip:a@b>;a;A',
	'<sip:a@b> x',
	'<sip:a@b>;t=a,b',
]) {
	test(`"${text}" is no address`, (t) => {
		const parsed = parseNameAddr(text);
		t.is(parsed.ok ? 'ok' : parsed.failure.code, 'BAD_ADDRESS');
	});
}

testProp('Any display name survives writing and reading', [fc.string({unit: 'binary'})], (t, displayName) => {
	const safe = displayName.replace(/[\r\n]/g, '');
	const parsed = parseNameAddr(writeNameAddr({displayName: safe, uri: 'sip:a@b', params: []}));
	t.is(parsed.ok ? parsed.value.displayName : undefined, safe);
});

test('A Via is taken apart and written back', (t) => {
	const parsed = parseVia('SIP / 2.0 / udp [2001:db8::1]:5080 ;branch=z9hG4bKx;rport;received=192.0.2.1');
	t.true(parsed.ok);
	if (parsed.ok) {
		const {transport, host, port, branch, params} = parsed.value;
		t.deepEqual([transport, host, port, branch], ['UDP', '2001:db8::1', 5080, 'z9hG4bKx']);
		t.is(parameterValue(params, 'rport'), '');
		t.is(parameterValue(params, 'received'), '192.0.2.1');
		t.is(writeVia(parsed.value), 'SIP/2.0/UDP [2001:db8::1]:5080;branch=z9hG4bKx;rport;received=192.0.2.1');
	}
});

for (const text of [
	'',
	'SIP/2.0/UDP',
	'HTTP/2.0/UDP h',
	'SIP/2.0/UDP a b',
	'SIP/2.0/UDP a:b',
	'SIP/2.0/UDP a:99999',
	'SIP/2.0/UDP [::1',
	'SIP/2.0/UDP ::1',
	'SIP/2.0/UDP h;branch=',
]) {
	test(`"${text}" is no Via`, (t) => {
		t.false(parseVia(text).ok);
	});
}

test('CSeq is a number below 2^31 and a method', (t) => {
	t.deepEqual(parseCSeq('0009 \t INVITE'), {ok: true, value: {number: 9, method: 'INVITE'}});
	t.true(parseCSeq('2147483647 BYE').ok);
	for (const text of ['', '1', 'INVITE', '2147483648 BYE', '-1 BYE', '1 BYE x', '1BYE', '99999999999999999999 BYE']) {
		t.false(parseCSeq(text).ok, text);
	}
});

test('A date is read in the one form that SIP has', (t) => {
	t.deepEqual(parseSipDate('Sat, 13 Nov 2010 23:29:00 GMT'), {ok: true, value: Date.UTC(2010, 10, 13, 23, 29)});
	t.is(writeSipDate(Date.UTC(2010, 10, 3, 1, 2, 3, 999)), 'Wed, 03 Nov 2010 01:02:03 GMT');
	for (const text of [
		'',
		'Fri, 01 Jan 2010 16:00:00 EST',
		'Sun, 13 Nov 2010 23:29:00 GMT',
		'Sat, 31 Feb 2010 23:29:00 GMT',
		'2010-11-13T23:29:00Z',
		'Sat, 13 Nov 10 23:29:00 GMT',
	]) {
		t.false(parseSipDate(text).ok, text);
	}
});
