import {existsSync, readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';

/** Absolute path of something in the folder of test data that lies beside a checkout. */
export function sharedPath(...names: string[]): string {
	return path.resolve('../shared/vectors', ...names);
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
