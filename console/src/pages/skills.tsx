// What an AI capability needs, named once. SPDX-License-Identifier: Apache-2.0
import { useState, type FormEvent } from 'react';
import { useMay } from '../access';
import { api, result } from '../api/client';
import { refresh, useServices, useSkills } from '../api/queries';
import { useScope } from '../scope';
import { TextField } from '../ui/fields';
import { Button, Card, Command, Problem } from '../ui/pieces';

export function Skills() {
  const { tenant, tenants } = useScope();
  const chosen = tenant !== '' ? tenant : (tenants[0]?.name ?? '');
  const may = useMay();
  const { data: skills } = useSkills(tenant);
  const { data: services } = useServices();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  if (chosen === '') return null;
  const act = (call: Promise<unknown>, done: () => void = () => {}) => {
    setBusy(true);
    setProblem(null);
    call.then(done).catch(setProblem).finally(() => {
      setBusy(false);
      refresh('skills', 'record');
    });
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const named = String(data.get('services') ?? '').split(/[\s,]+/).filter((each) => each !== '');
    act(result(api.POST('/api/v1/skills', { body: { tenant: chosen, name: String(data.get('name')), services: named } })), () => form.reset());
  };
  return (
    <Card title={`Skills of ${chosen}`}>
      <p>A skill names what an AI capability needs, so that whoever starts a session names the skill and not each service.</p>
      <ul className="plain-list">
        {skills?.map((skill) => (
          <li key={skill.id} className="line">
            <span><strong>{skill.name}</strong>{tenants.length > 1 && ` (${skill.tenant})`}<small>{skill.services.join(', ')}</small></span>
            {may.has('administer') && <Button busy={busy} aria-label={`Forget the skill ${skill.name}`}
              onClick={() => act(result(api.DELETE('/api/v1/skills/{name}', { params: { path: { name: skill.name }, query: { tenant: skill.tenant } } })))}>Forget</Button>}
          </li>
        ))}
      </ul>
      {(skills?.length ?? 0) > 0 && <Command label="command that starts a session with a skill">{`strongroom run --tenant ${chosen} --member MEMBER --skill ${skills?.[0]?.name ?? ''} -- python3 agent.py`}</Command>}
      {may.has('administer') && <form className="inline-form" onSubmit={submit}>
        <TextField label="Name of the skill" name="name" required placeholder="narrator" maxLength={64} />
        <TextField label="Services that it needs" name="services" required placeholder="gemini, elevenlabs:voices" hint={services ? `SERVICE or SERVICE:LABEL, of ${services.length}` : undefined} />
        <Button type="submit" busy={busy}>Name it</Button>
        <Problem error={problem} />
      </form>}
    </Card>
  );
}
