import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {ExecutionContext} from 'ava';

/** A folder of the test's own, gone when the test is over. */
export function temporaryFolder(t: ExecutionContext): string {
	const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-certificates-'));
	t.teardown(() => rmSync(folder, {recursive: true, force: true}));
	return folder;
}

/** Runs the command-line OpenSSL, the peer of these tests; its output, or an error that holds what it said. */
export function openssl(
	args: readonly string[],
	options: {readonly input?: Buffer; readonly cwd?: string} = {},
): Buffer {
	return execFileSync('openssl', args, {stdio: ['pipe', 'pipe', 'pipe'], ...options});
}
