import type {Template} from '../engine/template.js';
import type {ToolboxOptions} from '../policy/toolbox-options.js';
import type {StateDatabase} from './state-database.js';

/**
 * Writes down what is in force from this start on: tools and templates, who may call whom, policy, configuration. Nothing secret: no key, no credential.
 */
export async function recordState(
	{registry, authorisations, policies, configuration}: StateDatabase,
	options: ToolboxOptions,
	tools: readonly string[],
	templates: readonly Template[],
): Promise<void> {
	const {calls = [], peers = [], defaults = {}, localDomains, freshness, ledger, uniformFailureMs, directory} = options;
	await Promise.all([
		// In the order in which they are asked for: the rules of the start before go first.
		authorisations.clearAsync(),
		...calls.map((rule, place) => authorisations.put(place, rule)),
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
		configuration.put('ledger', ledger ? withoutSecrets(ledger) : null),
		configuration.put('uniformFailureMs', uniformFailureMs ?? null),
	]);
}

/** Of stores that are shared only the prefix and how many they are: addresses have passwords in them. */
function withoutSecrets({redis, ...ledger}: NonNullable<ToolboxOptions['ledger']>): object {
	return {...ledger, ...(redis && {redis: {stores: redis.nodes.length, prefix: redis.prefix ?? 'sallyport'}})};
}
