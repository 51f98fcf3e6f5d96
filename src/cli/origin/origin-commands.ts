import {z} from 'zod';
import {SallyportError} from '../../base/error.js';
import type {AdminCommands} from '../../control/admin-server.js';
import type {OriginAdministration} from '../../trusted/toolbox/origin/origin-administration.js';

/** The commands of the admin socket that change what the origin monitor knows. */
export function originCommands(origins: OriginAdministration | undefined): AdminCommands {
	if (origins === undefined) {
		return {};
	}

	return {
		'origin-list': (body) => {
			const {identity, after = ''} = parsed(listing, body);
			return identity === undefined ? origins.list(after, 1000) : [origins.of(identity)];
		},
		'origin-allow': (body) => {
			const {identity, address} = parsed(allowing, body);
			return origins.allow(identity, address);
		},
		'origin-forget': (body) => {
			const {identity, address} = parsed(forgetting, body);
			return {forgotten: origins.forget(identity, address)};
		},
	};
}

function parsed<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
	const result = schema.safeParse(body);
	if (!result.success) {
		throw new SallyportError('BAD_COMMAND', 'Expected `identity`, and `address` where one is meant.');
	}

	return result.data;
}

const identity = z.string().min(1).max(1024);
const address = z.string().min(1).max(64);
const listing = z.strictObject({identity: identity.optional(), after: z.string().max(1024).optional()});
const allowing = z.strictObject({identity, address});
const forgetting = z.strictObject({identity, address: address.optional()});
