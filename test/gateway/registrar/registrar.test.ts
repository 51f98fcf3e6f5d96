import test, {type ExecutionContext} from 'ava';
import {alice, alicesPhone, bob} from '#dist/cli/demo/demo-world.js';
import type {GatewayOptions} from '#dist/gateway/index.js';
import {digestResponse, digestSecret} from '#dist/trusted/toolbox/challenge/digest.js';
import {parseAuthentication} from '#dist/wire/sip/authentication.js';
import {header, headerValues, withHeader} from '#dist/wire/sip/headers.js';
import type {SipRequest, SipResponse} from '#dist/wire/sip/message.js';
import {RawParty} from '../support/raw-party.js';
import {cryptoLine, sdpText} from '../support/sdp.js';
import {
	empties,
	makeTestWorld,
	nothing,
	openTestEndpoint,
	openTestGateway,
	openTestPhone,
	speech,
} from '../support/world.js';

const realm = 'office.example';
const domain = 'sip:office.example';

/** Alice is called where she has registered. */
function registering(options: GatewayOptions): GatewayOptions {
	const ha1 = {'SHA-256': digestSecret('SHA-256', 'alice', realm, 'zanzibar')};
	return {
		...options,
		registrar: {domains: ['office.example'], minExpiresSeconds: 60, maxExpiresSeconds: 600},
		routes: options.routes.map((route) => ({...route, target: 'registered'})),
		toolbox: {...options.toolbox, credentials: [{identity: alice, username: 'alice', realm, ha1}]},
	};
}

/** Bob's bodies say nothing of their messages. */
function unboundBob(options: GatewayOptions): GatewayOptions {
	const peers = (options.toolbox.peers ?? []).map((peer) =>
		peer.name === 'bob' ? ({...peer, binding: 'none'} as const) : peer,
	);
	return {...options, toolbox: {...options.toolbox, peers}};
}

async function open(t: ExecutionContext, change = (options: GatewayOptions) => options) {
	const world = await makeTestWorld(t);
	const phone = await openTestPhone(t, alicesPhone(world, {wav: '', maxSeconds: 1}), {greeting: speech(60)});
	const gateway = await openTestGateway(t, world, phone.port, (options) => change(registering(options)));
	const ask = async (request: SipRequest, endpoint = phone.endpoint, transport: 'udp' | 'tcp' = 'tcp') => {
		const outcome = await endpoint.request(request, gateway.target(transport)).outcome;
		if (!outcome.ok) {
			throw new Error(`Expected a response, got ${outcome.failure.code}.`);
		}

		return outcome.value;
	};

	/** Asks twice: without credentials, then with them. */
	const register = async (request: SipRequest, endpoint = phone.endpoint): Promise<SipResponse> => {
		const challenged = await ask(request, endpoint);
		return challenged.status === 401 ? ask(withCredentials(request, challenged, 'zanzibar'), endpoint) : challenged;
	};

	const contact = `sip:alice@127.0.0.1:${phone.port};transport=tcp`;
	return {world, gateway, phone, ask, register, contact};
}

type Wanted = {
	readonly aor?: string;
	readonly contacts?: readonly string[];
	readonly expires?: number;
	readonly callId?: string;
	readonly sequence?: number;
};

function registration({
	aor = alice,
	contacts = [],
	expires,
	callId = 'registration',
	sequence = 1,
}: Wanted): SipRequest {
	return {
		kind: 'request',
		method: 'REGISTER',
		uri: domain,
		headers: [
			{name: 'Max-Forwards', value: '70'},
			{name: 'From', value: `<${aor}>;tag=r`},
			{name: 'To', value: `<${aor}>`},
			{name: 'Call-ID', value: callId},
			{name: 'CSeq', value: `${sequence} REGISTER`},
			...contacts.map((value) => ({name: 'Contact', value})),
			...(expires === undefined ? [] : [{name: 'Expires', value: String(expires)}]),
		],
		body: new Uint8Array(),
	};
}

/** The same again with the next CSeq (RFC 3261 §22.2). */
function withCredentials(request: SipRequest, response: SipResponse, password: string): SipRequest {
	const challenge = parseAuthentication(header(response, 'WWW-Authenticate') ?? '');
	const nonce = challenge.ok ? (challenge.value.parameters.get('nonce') ?? '') : '';
	const secret = digestSecret('SHA-256', 'alice', realm, password);
	const {uri} = request;
	const answer = {
		algorithm: 'SHA-256',
		nonce,
		nonceCount: '00000001',
		clientNonce: 'c',
		method: 'REGISTER',
		uri,
	} as const;
	const value = `Digest username="alice", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${digestResponse(secret, answer)}", algorithm=SHA-256, cnonce="c", qop=auth, nc=00000001`;
	const sequence = Number.parseInt(header(request, 'CSeq') ?? '', 10) + 1;
	return withHeader(withHeader(request, 'CSeq', `${sequence} REGISTER`), 'Authorization', value);
}

function contactsOf(response: SipResponse): readonly string[] {
	return headerValues(response, 'Contact').map((value) => value.replace(/expires=(59\d|600)/, 'expires=600'));
}

test('a call finds its callee where she has registered, and its gateway knows from where she did', async (t) => {
	const {world, gateway, register, contact} = await open(t, unboundBob);
	const caller = await RawParty.open(t, world, 'bob');
	const call = async () => {
		const invite = await caller.seal(caller.invitation(alice), sdpText({crypto: [cryptoLine()]}));
		const outcome = await caller.endpoint.request(invite, gateway.target('tcp')).outcome;
		return outcome.ok ? outcome.value.status : outcome.failure.code;
	};

	t.is(await call(), 480, 'she is nowhere yet');
	const accepted = await register(registration({contacts: [`<${contact}>`]}));
	t.is(accepted.status, 200);
	t.deepEqual(contactsOf(accepted), [`<${contact}>;expires=600`]);
	t.truthy(header(accepted, 'Date'));
	t.deepEqual(
		gateway.running.origins?.of(alice).records.map(({address, evidence}) => [address, evidence]),
		[['127.0.0.1', 'registration']],
	);
	t.is(await call(), 200);
	t.is((await register(registration({contacts: ['*'], expires: 0, sequence: 10}))).status, 200);
	await gateway.running.gateway.endCalls('test');
	t.deepEqual(await empties(gateway), nothing);
	t.is(await call(), 480, 'she has gone');
});

test('whoever registers proves that the address is his', async (t) => {
	const {gateway, ask, register, contact} = await open(t);
	const request = registration({contacts: [`<${contact}>`]});
	const challenged = await ask(request);
	t.is(challenged.status, 401);
	t.is((await ask(withCredentials(request, challenged, 'guess'))).status, 401);
	t.is(
		(await ask(registration({aor: 'sip:carol@office.example', contacts: [`<${contact}>`]}))).status,
		403,
		'no credentials',
	);
	t.is((await ask(registration({aor: bob, contacts: [`<${contact}>`]}))).status, 404, 'another domain');
	const forAnother = withHeader(request, 'From', '<sip:carol@office.example>;tag=r');
	t.is((await register(forAnother)).status, 403);
	const late = withCredentials(request, challenged, 'zanzibar');
	t.is((await ask(withHeader(late, 'To', '<sip:carol@office.example>'))).status, 403, 'right, but for another address');
	t.deepEqual(gateway.running.origins?.of(alice).records, []);
	const reasons = (await gateway.running.readAlerts(0, 100)).map(({reason}) => reason);
	t.true(reasons.includes('AUTHENTICATION_FAILED') && reasons.includes('NOT_AUTHORISED'));
	t.is((await ask(late)).status, 200);
	t.is((await ask(withHeader(late, 'Call-ID', 'again'))).status, 401, 'the same answer for another request');
});

test('bindings are added, refreshed, ordered by preference and removed one by one', async (t) => {
	const {register, contact} = await open(t);
	const other = 'sip:alice@127.0.0.9:5070';
	const both = await register(registration({contacts: [`<${other}>;q=0.5`, `<${contact}>;expires=100000`]}));
	t.deepEqual(contactsOf(both), [`<${contact}>;expires=600`, `<${other}>;expires=600;q=0.5`]);
	t.deepEqual(contactsOf(await register(registration({sequence: 10}))), contactsOf(both), 'a question changes nothing');
	const brief = await register(registration({contacts: [`<${contact}>;expires=59`], sequence: 20}));
	t.deepEqual([brief.status, header(brief, 'Min-Expires')], [423, '60']);
	const one = await register(registration({contacts: [`<${other}>;expires=0`], sequence: 30}));
	t.deepEqual(contactsOf(one), [`<${contact}>;expires=600`]);
	const old = await register(registration({contacts: [`<${contact}>`], sequence: 1}));
	t.is(old.status, 400, 'out of order');
	const oldStar = await register(registration({contacts: ['*'], expires: 0, sequence: 1}));
	t.is(oldStar.status, 400, 'the same for all of them');
	const none = await register(registration({contacts: ['*'], expires: 0, callId: 'another'}));
	t.deepEqual([none.status, contactsOf(none)], [200, []]);
});

test('what is no registration is refused, and nothing is bound', async (t) => {
	const {ask, register, gateway} = await open(t);
	const wrong: readonly (readonly [SipRequest, number])[] = [
		[registration({contacts: ['*']}), 400],
		[registration({contacts: ['*', '<sip:a@127.0.0.1>'], expires: 0}), 400],
		[registration({contacts: ['<tel:+1>']}), 400],
		[registration({contacts: ['<sip:a@>']}), 400],
		[registration({contacts: Array.from({length: 11}, (_, index) => `<sip:a${index}@127.0.0.1>`)}), 400],
		[{...registration({}), uri: 'sip:elsewhere.example'}, 404],
		[{...registration({}), uri: 'sip:somebody@office.example'}, 404],
		[withHeader({...registration({}), body: Buffer.from('v=0')}, 'Content-Type', 'application/sdp'), 415],
	];
	for (const [request, status] of wrong) {
		t.is((await ask(request)).status, status, JSON.stringify(request.headers));
	}

	const full = Array.from({length: 10}, (_, index) => `<sip:a${index}@127.0.0.1>`);
	t.is((await register(registration({contacts: full}))).status, 200);
	t.is((await register(registration({contacts: ['<sip:eleventh@127.0.0.1>'], sequence: 9}))).status, 403);
	t.is(contactsOf(await register(registration({sequence: 20}))).length, 10);
	const question = {...withHeader(registration({}), 'CSeq', '1 OPTIONS'), method: 'OPTIONS', uri: 'sip:127.0.0.1'};
	const methods = await ask(question);
	t.regex(header(methods, 'Allow') ?? '', /, REGISTER$/);
	t.deepEqual(await empties(gateway), nothing);
});

test('a pinned party registers from where it is known alone', async (t) => {
	const {ask, contact} = await open(t, (options) => ({
		...options,
		toolbox: {
			...options.toolbox,
			peers: (options.toolbox.peers ?? []).map((peer) =>
				peer.name === 'alice' ? {...peer, origin: 'pin', addresses: ['127.0.0.1']} : peer,
			),
		},
	}));
	const elsewhere = await openTestEndpoint(t, '127.0.0.2');
	const request = registration({contacts: [`<${contact}>`]});
	t.is((await ask(request, elsewhere)).status, 403);
	t.is((await ask(request)).status, 401);
});

test('without a registrar there is no way to registered addresses, nor a method REGISTER', async (t) => {
	const world = await makeTestWorld(t);
	const registered = (options: GatewayOptions): GatewayOptions => {
		const {registrar: _, ...others} = registering(options);
		return others;
	};
	await t.throwsAsync(openTestGateway(t, world, 5060, registered), {code: 'BAD_OPTIONS', message: /`registrar`/});
	const gateway = await openTestGateway(t, world, 5060);
	const endpoint = await openTestEndpoint(t);
	const outcome = await endpoint.request(registration({}), gateway.target('tcp')).outcome;
	t.is(outcome.ok && outcome.value.status, 405);
});
