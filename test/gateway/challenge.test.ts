import test, {type ExecutionContext} from 'ava';
import {alice, alicesPhone, bob} from '#dist/cli/demo/demo-world.js';
import type {GatewayOptions} from '#dist/gateway/index.js';
import {digestResponse, digestSecret} from '#dist/trusted/toolbox/challenge/digest.js';
import {parseAuthentication} from '#dist/wire/sip/authentication.js';
import {header, headerValues, withHeader} from '#dist/wire/sip/headers.js';
import type {SipRequest, SipResponse} from '#dist/wire/sip/message.js';
import {RawParty} from './support/raw-party.js';
import {cryptoLine, sdpText} from './support/sdp.js';
import {makeTestWorld, openTestGateway, openTestPhone, speech} from './support/world.js';

const realm = 'branch.example';

/** Bob is known at 127.0.0.1 and answers a digest for wherever else he is. */
function challengingBob(options: GatewayOptions): GatewayOptions {
	const peers = options.toolbox.peers ?? [];
	return {
		...options,
		toolbox: {
			...options.toolbox,
			credentials: [
				{identity: bob, username: 'bob', realm, ha1: {'SHA-256': digestSecret('SHA-256', 'bob', realm, 'zanzibar')}},
			],
			peers: peers.map((peer) =>
				peer.name === 'bob' ? {...peer, origin: 'challenge', binding: 'none', addresses: ['127.0.0.1']} : peer,
			),
		},
	};
}

async function open(t: ExecutionContext) {
	const world = await makeTestWorld(t);
	const {port} = await openTestPhone(t, alicesPhone(world, {wav: '', maxSeconds: 1}), {greeting: speech(60)});
	const gateway = await openTestGateway(t, world, port, challengingBob);
	const roaming = await RawParty.open(t, world, 'bob', {address: '127.0.0.2'});
	const send = async (request: SipRequest): Promise<SipResponse> => {
		const outgoing = roaming.endpoint.request(request, gateway.target('tcp'));
		const outcome = await outgoing.outcome;
		if (!outcome.ok) {
			throw new Error(`Expected a response, got ${outcome.failure.code}.`);
		}

		return outcome.value;
	};

	const invite = () => roaming.seal(roaming.invitation(alice), sdpText({address: '127.0.0.2', crypto: [cryptoLine()]}));
	return {gateway, roaming, send, invite};
}

/** The same request again, with credentials and the next CSeq (RFC 3261 §22.2). */
function resent(request: SipRequest, {headers}: SipResponse, password: string, sequence = 2): SipRequest {
	const challenge = parseAuthentication(header({headers}, 'WWW-Authenticate') ?? '');
	const nonce = challenge.ok ? (challenge.value.parameters.get('nonce') ?? '') : '';
	const secret = digestSecret('SHA-256', 'bob', realm, password);
	const answer = {algorithm: 'SHA-256', nonce, nonceCount: '00000001', clientNonce: 'c', method: 'INVITE'} as const;
	const response = digestResponse(secret, {...answer, uri: request.uri});
	const value = `Digest username="bob", realm="${realm}", nonce="${nonce}", uri="${request.uri}", response="${response}", algorithm=SHA-256, cnonce="c", qop=auth, nc=00000001`;
	return withHeader(withHeader(request, 'CSeq', `${sequence} INVITE`), 'Authorization', value);
}

test('who comes from a new address is asked for a digest, and the same body passes with it', async (t) => {
	const {gateway, send, invite} = await open(t);
	const request = await invite();
	const refused = await send(request);
	t.is(refused.status, 401);
	t.deepEqual(headerValues(refused, 'WWW-Authenticate').length, 1);
	const wrong = await send(resent(request, refused, 'guess'));
	t.is(wrong.status, 401);
	const accepted = await send(resent(request, wrong, 'zanzibar', 3));
	t.is(accepted.status, 200);
	const alerts = await gateway.running.readAlerts(0, 100);
	t.deepEqual(
		alerts.map(({reason}) => reason),
		['AUTHENTICATION_FAILED'],
	);
	const again = await send(await invite());
	t.is(again.status, 486, 'the address is known now, and Alice speaks already');
	t.deepEqual(
		gateway.running.origins?.of(bob).records.map(({address}) => address),
		['127.0.0.2'],
	);
	await gateway.running.gateway.close();
});

test('an answer to a challenge does not serve another message, nor the same body again', async (t) => {
	const {gateway, send, invite} = await open(t);
	const [first, second] = [await invite(), await invite()];
	const refused = await send(first);
	const answered = resent(first, refused, 'zanzibar');
	const stolen = withHeader(second, 'Authorization', header(answered, 'Authorization') ?? '');
	t.is((await send(answered)).status, 200);
	t.is((await send(withHeader(answered, 'Call-ID', 'replayed'))).status, 403);
	gateway.running.origins?.forget(bob);
	const late = await send(stolen);
	t.is(late.status, 401);
	t.regex(header(late, 'WWW-Authenticate') ?? '', /stale=true$/);
	await gateway.running.gateway.close();
});
