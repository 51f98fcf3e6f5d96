import {mkdtemp, rm, stat} from 'node:fs/promises';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {SallyportError} from '#dist/base/error.js';
import {AdminServer} from '#dist/control/index.js';

async function open(t: ExecutionContext): Promise<AdminServer> {
	const folder = await mkdtemp(join(tmpdir(), 'sallyport-admin-'));
	const admin = await AdminServer.open(
		join(folder, 'admin.sock'),
		{
			good: (query) => ({limit: query.get('limit')}),
			bad: () => {
				throw new Error('a secret');
			},
		},
		{
			change: (body) => ({changed: body}),
			refuse: () => {
				throw new SallyportError('BAD_ADDRESS', 'Expected an address.');
			},
			fail: () => {
				throw new Error('a secret');
			},
		},
	);
	t.teardown(async () => {
		await admin.close();
		await rm(folder, {recursive: true, force: true});
	});
	return admin;
}

/** All that the server answers to these octets, until it closes. */
async function say(admin: AdminServer, octets: string): Promise<string> {
	const socket = connect(admin.socketPath);
	let answer = '';
	socket.on('data', (data) => {
		answer += String(data);
	});
	socket.on('error', () => {});
	socket.write(octets);
	await new Promise((resolve) => socket.once('close', resolve));
	return answer;
}

test('it answers what it knows, to its owner alone', async (t) => {
	const admin = await open(t);
	t.regex(await say(admin, 'GET /good?limit=7 HTTP/1.1\r\nHost: a\r\n\r\n'), /^HTTP\/1\.1 200 .*\{"limit":"7"\}\n$/s);
	t.is((await stat(admin.socketPath)).mode & 0o777, 0o600);
});

test('a question that fails shows nothing of the failure', async (t) => {
	const answer = await say(await open(t), 'GET /bad HTTP/1.1\r\nHost: a\r\n\r\n');
	t.regex(answer, /^HTTP\/1\.1 500 /);
	t.notRegex(answer, /secret/);
});

test('a command takes a small JSON object, and only by POST', async (t) => {
	const admin = await open(t);
	const post = (path: string, body: string) =>
		say(admin, `POST /${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
	t.regex(await post('change', '{"a":1}'), /^HTTP\/1\.1 200 .*\{"changed":\{"a":1\}\}\n$/s);
	t.regex(await post('refuse', '{}'), /^HTTP\/1\.1 400 .*"code":"BAD_ADDRESS"/s);
	const failed = await post('fail', '{}');
	t.regex(failed, /^HTTP\/1\.1 500 /);
	t.notRegex(failed, /secret/);
	for (const body of ['', '{', '7', `{"a":"${'b'.repeat(5000)}"}`]) {
		t.regex(await post('change', body), /^HTTP\/1\.1 400 /);
	}

	t.regex(await say(admin, 'GET /change HTTP/1.1\r\nHost: a\r\n\r\n'), /^HTTP\/1\.1 404 /);
});

test('hostile HTTP is refused, and the next question is answered', async (t) => {
	const admin = await open(t);
	const hostile: readonly (readonly [string, RegExp])[] = [
		['\0\0\0\0\r\n\r\n', /^HTTP\/1\.1 400 /],
		[`GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`, /^HTTP\/1\.1 431 /],
		[`GET /good HTTP/1.1\r\n${'A: b\r\n'.repeat(5000)}\r\n`, /^HTTP\/1\.1 431 /],
		['GET http://[::1/ HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 404 /],
		['GET /constructor HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 404 /],
		['POST /good HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc', /^HTTP\/1\.1 405 .*allow: GET/s],
		['GET /good HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n', /^HTTP\/1\.1 400 /],
		['GET /good HTTP/1.1\r\nHost: a\r\n\r\nGET /good HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 200 (?:(?!HTTP).)*$/s],
	];
	for (const [octets, expected] of hostile) {
		t.regex(await say(admin, octets), expected, JSON.stringify(octets.slice(0, 60)));
	}

	t.regex(await say(admin, 'GET /good HTTP/1.1\r\nHost: a\r\n\r\n'), /^HTTP\/1\.1 200 /);
});

test('a connection that asks nothing is cut in time, and many do not shut out for ever', async (t) => {
	const admin = await open(t);
	const idle = Array.from({length: 40}, () => connect(admin.socketPath).on('error', () => {}));
	const closed = Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
	for (const socket of idle) {
		socket.write('GET /good');
		socket.resume();
	}

	await closed;
	t.regex(await say(admin, 'GET /good HTTP/1.1\r\nHost: a\r\n\r\n'), /^HTTP\/1\.1 200 /);
});

test('a socket in use is not taken over', async (t) => {
	const admin = await open(t);
	await t.throwsAsync(AdminServer.open(admin.socketPath, {}), {code: 'ADMIN_SOCKET_FAILED', message: /answers there/});
	t.regex(await say(admin, 'GET /good HTTP/1.1\r\nHost: a\r\n\r\n'), /^HTTP\/1\.1 200 /);
});
