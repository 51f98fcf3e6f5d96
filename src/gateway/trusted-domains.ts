import {MessageChannel} from 'node:worker_threads';
import type {Clock} from '../base/clock.js';
import {SallyportError} from '../base/error.js';
import {MediaClient} from '../trusted/media/media-client.js';
import {MediaDomain} from '../trusted/media/media-domain.js';
import {MediaPlane} from '../trusted/media/media-plane.js';
import type {MediaPlaneOptions} from '../trusted/media/plane-options.js';
import type {MediaPlaneReport} from '../trusted/media/plane-report.js';
import type {AlertCounters} from '../trusted/toolbox/alerts/alert-log.js';
import type {KeyVault} from '../trusted/toolbox/calls/key-vault.js';
import type {OriginAdministration} from '../trusted/toolbox/origin/origin-administration.js';
import type {ToolboxOptions} from '../trusted/toolbox/policy/toolbox-options.js';
import type {TemplateReload} from '../trusted/toolbox/template-replacement.js';
import {Toolbox} from '../trusted/toolbox/toolbox.js';
import {ToolboxClient} from '../trusted/toolbox/toolbox-client.js';
import {ToolboxDomain} from '../trusted/toolbox/toolbox-domain.js';

export type TrustedDomainsOptions = {
	readonly toolbox: ToolboxOptions;
	readonly media: MediaPlaneOptions;
	readonly maxCalls: number;
	readonly clock: Clock;
};

/** The user domain's ends of the ports to the two others, and how to end them all. */
export type TrustedDomains = {
	readonly toolbox: ToolboxClient;
	readonly media: MediaClient;
	/** What the media plane chose at its start and why. */
	readonly mediaReport: MediaPlaneReport;
	/** Resolves when a port closes before `close` was called. */
	readonly lost: Promise<'toolbox' | 'media'>;
	/** Puts templates in force that are not yet, for messages that come from now on. */
	readonly reloadTemplates: (texts: NonNullable<ToolboxOptions['templates']>) => Promise<TemplateReload>;
	/** What they hold: to be the same before calls and after. */
	readonly load: () => {readonly relays: number; readonly calls: number; readonly issued: number};
	/** For the operator, not for the user domain; absent where the toolbox is not in this process. */
	readonly origins?: OriginAdministration | undefined;
	readonly alertCounters?: (() => AlertCounters) | undefined;
	/** Whose arithmetic S/MIME works by; absent where the toolbox is not in this process. */
	readonly cmsProvider?: Toolbox['cmsProvider'] | undefined;
	close(): Promise<void>;
};

/**
 * Starts toolbox and media domain in this process and joins the three by message ports: user to toolbox, user to media, and
 * media to toolbox, whose ends the user domain does not keep. Rejects as `Toolbox.open` and `MediaPlane.open` do, or with
 * `STATE_UNAVAILABLE` where the system refuses the state directory; nothing is then left open.
 */
export async function startTrustedDomains(options: TrustedDomainsOptions): Promise<TrustedDomains> {
	const {clock, maxCalls} = options;
	const toolbox = await openToolbox(options.toolbox, clock);
	let plane: MediaPlane;
	try {
		plane = MediaPlane.open(options.media);
	} catch (error) {
		await toolbox.close();
		throw error;
	}

	const toolboxDomain = new ToolboxDomain(toolbox);
	const toToolbox = new MessageChannel();
	const toMedia = new MessageChannel();
	const keys = new MessageChannel();
	toolboxDomain.attachUser(toToolbox.port1);
	toolboxDomain.attachMedia(keys.port1);
	const mediaDomain = new MediaDomain({plane, user: toMedia.port1, toolbox: keys.port2, maxCalls});
	const toolboxClient = new ToolboxClient(toToolbox.port2);
	const mediaClient = new MediaClient(toMedia.port2);
	let isClosing = false;
	return {
		toolbox: toolboxClient,
		media: mediaClient,
		mediaReport: plane.report,
		lost: new Promise((resolve) => {
			toToolbox.port2.once('close', () => isClosing || resolve('toolbox'));
			toMedia.port2.once('close', () => isClosing || resolve('media'));
		}),
		reloadTemplates: (texts) => toolbox.reloadTemplates(texts),
		origins: toolbox.origins,
		alertCounters: () => toolbox.alertCounters,
		cmsProvider: toolbox.cmsProvider,
		load: () => ({relays: plane.size, ...toolbox.load}),
		async close() {
			isClosing = true;
			await mediaDomain.close();
			plane.close();
			mediaClient.close();
			toolboxClient.close();
			toolboxDomain.close();
			await toolbox.close();
		},
	};
}

/** As `Toolbox.open`; gives the system's refusals a sentence, too: which directory, and why not. */
export async function openToolbox(options: ToolboxOptions, clock: Clock, vault?: KeyVault): Promise<Toolbox> {
	try {
		return await Toolbox.open(options, {clock, ...(vault && {vault})});
	} catch (cause) {
		if (cause instanceof SallyportError) {
			throw cause;
		}

		const why = cause instanceof Error ? cause.message : 'a failure';
		throw new SallyportError(
			'STATE_UNAVAILABLE',
			`Expected to keep state in ${options.directory}, got: ${why.slice(0, 200)}.`,
			{cause},
		);
	}
}
