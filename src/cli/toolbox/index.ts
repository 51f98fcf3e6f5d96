import type {Command} from 'commander';
import {registerDatabaseCommands} from './database-commands.js';
import {registerTemplateCommands} from './template-commands.js';

/** `sallyport toolbox …`: look at templates and tools, try them, and look after the databases. */
export function registerToolboxCommand(program: Command): void {
	const toolbox = program.command('toolbox').description('templates, tools and databases of the security toolbox');
	registerTemplateCommands(toolbox);
	registerDatabaseCommands(toolbox);
}
