import test, {type ExecutionContext} from 'ava';
import {header, withHeader} from '#dist/wire/sip/headers.js';
import type {SipRequest} from '#dist/wire/sip/message.js';
import {
	answerOf,
	charlesAddress,
	install,
	mint,
	openWorld,
	reasonOf,
	receive,
	sdpOf,
	sealedInvite,
	send,
} from '../support/world.js';

/** A call of Bob's that was made sealed, with signed headers asked for in its dialog. */
async function makeSealedCall(t: ExecutionContext) {
	const pair = await openWorld(t, {defaults: {bodyless: 'signed'}, callerDefaults: {bodyless: 'signed'}});
	const invite = await sealedInvite(pair.caller);
	const offer = await receive(pair.callee, invite);
	if (offer.verdict !== 'release') {
		throw new Error(`Expected a release, got ${offer.reason}.`);
	}

	await install(pair.callee, offer);
	const own = await mint(pair.callee, 'c1');
	const answer = await send(pair.callee, answerOf(invite, sdpOf(own)), {role: 'answer'});
	const opened = await receive(pair.caller, answer.message, {role: 'answer'});
	t.is(opened.verdict, 'release', JSON.stringify(opened));
	return {...pair, invite};
}

function byeOf(invite: SipRequest, sequence = 2): SipRequest {
	const of = (name: string) => header(invite, name) ?? '';
	return {
		kind: 'request',
		method: 'BYE',
		uri: 'sip:gw.example.com',
		headers: [
			{name: 'Via', value: 'SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK2'},
			{name: 'From', value: of('From')},
			{name: 'To', value: `${of('To')};tag=gw-1`},
			{name: 'Call-ID', value: of('Call-ID')},
			{name: 'CSeq', value: `${sequence} BYE`},
		],
		body: new Uint8Array(),
	};
}

const none = {role: 'none'} as const;

test('a BYE leaves with its headers signed, and is taken once, from wherever it comes', async (t) => {
	const {caller, callee, invite} = await makeSealedCall(t);
	const {message, template} = await send(caller, byeOf(invite), none);
	t.is(template, 'sip-message-integrity-outbound');
	t.regex(header(message, 'Content-Type') ?? '', /pkcs7-mime;smime-type=signed-data/);
	const taken = await receive(callee, message, none);
	t.is(reasonOf(taken), 'released', JSON.stringify(taken));
	t.is(taken.verdict === 'release' && taken.template, 'sip-message-integrity');
	t.is(taken.verdict === 'release' && taken.identity, 'sip:bob@biloxi.example.com');
	t.is(reasonOf(await receive(callee, message, none)), 'REPLAYED');
});

test('a BYE without a signature is refused where signed headers are asked for', async (t) => {
	const {callee, invite} = await makeSealedCall(t);
	t.is(reasonOf(await receive(callee, byeOf(invite), none)), 'SIGNATURE_NEEDED');
	const cancel = {...byeOf(invite), method: 'CANCEL'};
	t.is(reasonOf(await receive(callee, cancel, none)), 'released', 'proxies write a CANCEL anew');
	t.is(reasonOf(await receive(callee, cancel, {...none, origin: charlesAddress})), 'ORIGIN_OF_DIALOG');
});

test('a signed BYE ends no other call and is nothing but a BYE', async (t) => {
	const {caller, callee, invite} = await makeSealedCall(t);
	const {message} = await send(caller, byeOf(invite), none);
	const other = withHeader(message, 'CSeq', '2 INFO');
	t.is(reasonOf(await receive(callee, other, none)), 'BINDING_MISMATCH');
	const later = withHeader(message, 'CSeq', '3 BYE');
	t.is(reasonOf(await receive(callee, later, none)), 'BINDING_MISMATCH');
	const forged = {...message, body: Uint8Array.from(message.body)};
	forged.body[forged.body.length - 5] = (forged.body[forged.body.length - 5] ?? 0) ^ 1;
	const refused = await receive(callee, forged, none);
	t.is(refused.verdict === 'denial' && refused.status, 493);
});

/** A MESSAGE (RFC 3428) in a dialog. */
test('a text leaves sealed and is opened once, without any session in it', async (t) => {
	const {caller, callee, invite} = await makeSealedCall(t);
	const text = 'meet me at the sally port';
	const message: SipRequest = {
		...byeOf(invite, 4),
		method: 'MESSAGE',
		headers: [
			...byeOf(invite, 4).headers.filter(({name}) => name !== 'CSeq'),
			{name: 'CSeq', value: '4 MESSAGE'},
			{name: 'Content-Type', value: 'text/plain'},
		],
		body: Buffer.from(text),
	};
	const sealed = await send(caller, message, none);
	t.is(sealed.template, 'smime-outbound');
	t.is(Buffer.from(sealed.message.body).indexOf(text), -1);
	const opened = await receive(callee, sealed.message, none);
	t.is(reasonOf(opened), 'released', JSON.stringify(opened));
	t.is(opened.verdict === 'release' && opened.template, 'smime-inbound');
	t.is(reasonOf(await receive(callee, sealed.message, none)), 'REPLAYED');
	const asOffer = await receive(callee, sealed.message, {call: 'c9', role: 'offer'});
	t.is(asOffer.verdict, 'denial', 'not as an offer either');
});

test('a sealed offer is not taken as a message without session', async (t) => {
	const {caller, callee} = await makeSealedCall(t);
	const invite = await sealedInvite(caller, {call: 'c2', callId: 'call-2', tag: 'bob-2'});
	t.is(reasonOf(await receive(callee, invite, {call: 'c2', role: 'none'})), 'BAD_SIGNED_CONTENT');
	t.is(reasonOf(await receive(callee, invite, {call: 'c2'})), 'released', 'and nothing was claimed');
});
