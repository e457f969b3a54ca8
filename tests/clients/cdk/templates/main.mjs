// Stacks after the CDK's own integration tests, synthesized into the directory given.
import { App, DefaultStackSynthesizer, Stack } from 'aws-cdk-lib';
import { apis } from './apis.mjs';
import { gateways } from './gateways.mjs';
import { machines } from './machines.mjs';
import { tasks } from './tasks.mjs';

const app = new App({ outdir: process.argv[2], context: { 'aws:cdk:enable-path-metadata': false } });
for (const [family, stacks] of Object.entries({ apis, gateways, machines, tasks })) {
  for (const [name, build] of Object.entries(stacks)) {
    const synthesizer = new DefaultStackSynthesizer({ fileAssetsBucketName: 'assets', generateBootstrapVersionRule: false });
    build(new Stack(app, `${family}-${name}`, { synthesizer, env: { account: '123456789012', region: 'us-east-1' } }));
  }
}
app.synth();
