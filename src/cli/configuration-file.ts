import {existsSync, readFileSync} from 'node:fs';
import {dirname, resolve} from 'node:path';
import {LineCounter, parseDocument} from 'yaml';
import {SallyportError, systemCodeOf} from '../base/error.js';
import {type GatewayOptions, parseGatewayOptions} from '../gateway/gateway-options.js';

/**
 * Reads the YAML configuration of a gateway. Fields are those of `GatewayOptions`; where PEM text is wanted the file has
 * the path of a PEM file, and every path is relative to the configuration. Throws `SallyportError` `BAD_CONFIGURATION` or
 * `BAD_OPTIONS` with one sentence.
 */
export function readConfiguration(path: string): GatewayOptions {
	const text = readText(path, 'configuration file');
	const lines = new LineCounter();
	const document = parseDocument(text, {lineCounter: lines});
	const [error] = document.errors;
	if (error !== undefined) {
		const {line} = lines.linePos(error.pos[0]);
		throw new SallyportError(
			'BAD_CONFIGURATION',
			`Expected YAML in ${path}, got a fault in line ${line}: ${error.code}.`,
		);
	}

	const value: unknown = document.toJS({maxAliasCount: 100});
	return parseGatewayOptions(withFiles(value, dirname(resolve(path))));
}

/** Names of fields that hold PEM text, and of those that hold a path of ours. */
const pemFields: ReadonlySet<string> = new Set([
	'certificate',
	'privateKey',
	'trustAnchors',
	'templateSigners',
	'revocationLists',
]);
const pathFields: ReadonlySet<string> = new Set(['directory', 'adminSocket', 'file']);
const templateFields: ReadonlySet<string> = new Set(['templates']);

/** The same value with files in place of their paths. A certificate to match by is a fingerprint and stays. */
function withFiles(value: unknown, folder: string, field = ''): unknown {
	if (Array.isArray(value)) {
		return value.map((item) => withFiles(item, folder, field));
	}

	if (typeof value === 'object' && value !== null) {
		return Object.fromEntries(
			Object.entries(value).map(([name, inner]) => [name, field === 'match' ? inner : withFiles(inner, folder, name)]),
		);
	}

	if (typeof value !== 'string') {
		return value;
	}

	if (pemFields.has(field) && !value.includes('-----BEGIN ')) {
		return readText(resolve(folder, value), `\`${field}\``);
	}

	if (templateFields.has(field) && !value.includes('\n')) {
		return readTemplate(resolve(folder, value));
	}

	return pathFields.has(field) ? resolve(folder, value) : value;
}

/** A template, and the signature that lies beside it as `NAME.p7s` (detached CMS, DER or PEM), where there is one. */
function readTemplate(path: string): string | {readonly yaml: string; readonly signature: string} {
	const yaml = readText(path, 'template');
	const signaturePath = `${path}.p7s`;
	if (!existsSync(signaturePath)) {
		return yaml;
	}

	const octets = readFileSync(signaturePath);
	const pem = /-----BEGIN [A-Z0-9 ]+-----([^-]+)-----END/.exec(octets.toString('latin1'))?.[1];
	return {yaml, signature: pem ?? octets.toString('base64')};
}

function readText(path: string, what: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch (cause) {
		const code = systemCodeOf(cause) ?? 'a failure';
		throw new SallyportError('BAD_CONFIGURATION', `Expected to read the ${what} at ${path}, got ${code}.`, {cause});
	}
}
