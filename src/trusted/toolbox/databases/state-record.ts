import type {Template} from '../engine/template.js';
import type {ToolboxOptions} from '../policy/toolbox-options.js';
import type {StateDatabase} from './state-database.js';

/**
 * Writes down what is in force from this start on: tools and templates, policy, configuration. Nothing secret: no key, no credential.
 */
export async function recordState(
	{registry, policies, configuration}: StateDatabase,
	options: ToolboxOptions,
	tools: readonly string[],
	templates: readonly Template[],
): Promise<void> {
	const {peers = [], defaults = {}, localDomains, freshness, ledger, uniformFailureMs, directory} = options;
	await Promise.all([
		registry.put('tools', tools),
		registry.put(
			'templates',
			templates.map(({name, version}) => `${name}@${version}`),
		),
		policies.put('peers', peers),
		policies.put('defaults', defaults),
		policies.put('localDomains', localDomains),
		configuration.put('directory', directory),
		configuration.put('freshness', freshness ?? null),
		configuration.put('ledger', ledger ?? null),
		configuration.put('uniformFailureMs', uniformFailureMs ?? null),
	]);
}
