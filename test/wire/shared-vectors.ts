import {existsSync, readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test, {type SerialFn, type SkipFn, type TestFn} from 'ava';

/** Absolute path of something in the folder of test data that lies beside a checkout. */
export function sharedPath(...names: string[]): string {
	return path.resolve('../shared/vectors', ...names);
}

/**
 * `test` where all of these are among the shared vectors, else `test.skip`: they are other people's files, which do not come with the
 * project, and it must pass its tests without them, under CI=true too. What is skipped is reported as skipped, by name.
 */
export function testWithShared(...places: readonly (readonly string[])[]): TestFn | SkipFn {
	return areShared(places) ? test : test.skip;
}

/** The same for tests that run one after another. */
export function serialWithShared(...places: readonly (readonly string[])[]): SerialFn | SkipFn {
	return areShared(places) ? test.serial : test.serial.skip;
}

function areShared(places: readonly (readonly string[])[]): boolean {
	return places.every((names) => existsSync(sharedPath(...names)));
}

/** Content of a JSON file of the shared vectors; undefined where they are absent, and the test then says so. */
export function readShared<Content>(...names: string[]): Content | undefined {
	const file = sharedPath(...names);
	return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/** Names in a folder of the shared vectors; none where they are absent. */
export function listShared(...names: string[]): readonly string[] {
	const folder = sharedPath(...names);
	return existsSync(folder) ? readdirSync(folder) : [];
}
