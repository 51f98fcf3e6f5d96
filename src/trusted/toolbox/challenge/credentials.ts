import {SallyportError} from '../../../base/error.js';
import {canonicalAor} from '../../certificates/identity.js';
import type {ToolboxOptions} from '../policy/toolbox-options.js';
import type {DigestCredentials} from './challenges.js';

/** The credentials of a configuration by their identities. Throws `SallyportError` BAD_OPTIONS where one is no address, or stands twice. */
export function readCredentials({credentials = []}: Pick<ToolboxOptions, 'credentials'>): readonly DigestCredentials[] {
	const seen = new Set<string>();
	return credentials.map(({identity, username, realm, ha1}) => {
		const aor = /^(?:sips?|tel):/i.test(identity) ? canonicalAor(identity) : undefined;
		const name = aor === undefined ? identity : aor.ok ? aor.value : '';
		if (name === '' || seen.has(name)) {
			throw new SallyportError(
				'BAD_OPTIONS',
				`Expected each identity of \`credentials\` once, got ${JSON.stringify(identity)}.`,
			);
		}

		seen.add(name);
		return {identity: name, username, realm, secrets: ha1};
	});
}
