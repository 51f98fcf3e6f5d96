import {execFileSync, spawnSync} from 'node:child_process';
import {mkdtempSync, rmdirSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import test, {type SerialFn, type SkipFn, type TestFn} from 'ava';

/**
 * `test` where what it needs is there; else `test.skip`, so that what was not tried is not counted as passed. Where tests must be
 * complete (CI=true) it runs all the same, and what is absent fails it.
 */
export function testWhere(isThere: boolean): TestFn | SkipFn {
	return isThere || process.env['CI'] === 'true' ? test : test.skip;
}

/** The same for tests that run one after another. */
export function serialWhere(isThere: boolean): SerialFn | SkipFn {
	return isThere || process.env['CI'] === 'true' ? test.serial : test.serial.skip;
}

/** Whether a file system may be mounted here: it takes root, and the capability. */
export function mayMount(): boolean {
	const place = mkdtempSync(join(tmpdir(), 'sallyport-mount-'));
	const {status} = spawnSync('mount', ['-t', 'tmpfs', 'none', place], {stdio: 'ignore'});
	if (status === 0) {
		execFileSync('umount', [place]);
	}

	rmdirSync(place);
	return status === 0;
}
